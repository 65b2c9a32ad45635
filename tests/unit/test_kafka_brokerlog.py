"""Finding in a broker's output why it did not start."""

from deploy.local.kafka.brokerlog import reasons, taken_port

FAILED = """\
2026-01-01 00:00:00.000 INFO BrokerServer [BrokerServer id=1] Starting broker
2026-01-01 00:00:00.001 ERROR KafkaRaftServer [KafkaRaftServer nodeId=1] Exiting
org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:9092: Address already in use.
\tat kafka.network.Acceptor.openServerSocket(SocketServer.scala:500)
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
Caused by: java.net.BindException: Address already in use
2026-01-01 00:00:00.002 INFO BrokerServer [BrokerServer id=1] Stopped
"""


def test_the_lines_that_name_the_fault_are_found_once_each() -> None:
    lines = FAILED.splitlines()
    assert reasons(FAILED).splitlines() == [lines[1], lines[2], lines[4]]


def test_without_a_named_fault_the_last_lines_are_given() -> None:
    assert reasons("".join(f"line {number}\n" for number in range(20)), count=2) == "line 18\nline 19"


def test_a_fault_of_the_virtual_machine_itself_is_found() -> None:
    output = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n\tat x.Y.z(Y.java:1)\n'
    assert reasons(output) == output.splitlines()[0]


def test_the_port_that_was_taken_is_found() -> None:
    assert taken_port(FAILED) == 9092
    assert taken_port("all is well") is None
