"""The table of topics, and the names that are made from it."""

from headrace import topics


def test_every_topic_name_in_code_is_a_row_of_the_table() -> None:
    named = {
        topics.RELEASES,
        topics.TRAINING,
        topics.OPERATIONS,
        topics.BATCH_TASKS,
        topics.requests("m"),
        topics.predictions("m"),
        topics.logs("m"),
        topics.labels("m"),
        topics.dead_letters("m"),
    }
    assert named == {topic.name for topic in topics.all_topics([("m", 3)])}


def test_a_models_topics_have_its_partitions_unless_the_table_says_otherwise() -> None:
    found = {topic.name: topic.partitions for topic in topics.model_topics("m", 12)}
    assert found["m.requests"] == found["m.predictions"] == 12
    assert found["m.dead-letters"] == 1


def test_six_partitions_of_requests_share_one_of_the_log_and_another_number_will_do() -> None:
    for partitions, of_logs in ((1, 1), (6, 1), (7, 2), (12, 2), (100, 17)):
        found = {topic.name: topic for topic in topics.model_topics("m", partitions)}
        assert found["m.logs"].partitions == of_logs
        assert found["m.logs"].suits(partitions) and not found["m.predictions"].suits(partitions + 1)


def test_releases_are_one_partition_kept_for_ever() -> None:
    """Their order is the chain; a second partition would have none."""
    (releases,) = [topic for topic in topics.shared_topics() if topic.name == topics.RELEASES]
    assert (releases.partitions, releases.days) == (1, None)


def test_two_models_share_no_topic_of_their_own() -> None:
    names = [topic.name for topic in topics.all_topics([("a", 1), ("b", 1)])]
    assert len(set(names)) == len(names)
