"""The ClickHouse engine (chDB) behind ClickHouse's native TCP protocol, for one machine and for development only.

    python -m deploy.local.clickhouse --path DIR --host 127.0.0.1 --port 9000

An unmodified clickhouse-driver talks to it: queries, typed columnar inserts, settings, LZ4, exceptions, cancel.
Every client has its own thread and its own chDB connection; blocks pass through as the bytes they are.

What it is not:
- A server to expose. chDB knows no users, roles, quotas or grants: one user and password are compared at hello, no TLS.
- Distributed: no Replicated tables, no Keeper, no clusters. `system.query_log` and its relatives stay empty.
- The newest protocol: it speaks revision 54453, so there are no server-side query parameters, no server logs and no
  profile events; totals and extremes are left out; progress comes once, at the end of a query, and a client's receive
  timeout (300 s in clickhouse-driver) applies to what comes before the first block.
- `query_id` is accepted and not kept; a query is cancelled by the packet Cancel or by leaving. `log_comment` is taken:
  it carries the mark by which a query is found again.
- External (temporary) tables sent along with a query, and zstd compressed blocks, are refused with code 48.

Types: all integers up to 256 bits, floats, Bool, String, FixedString, Date, Date32, DateTime, DateTime64, Time, UUID,
IPv4, IPv6, Enum8, Enum16, Decimal, Interval, and Nullable, LowCardinality, Array, Tuple, Nested, Map and
SimpleAggregateFunction of them, and the geographic ones made of them. Not: JSON, Dynamic, Variant, AggregateFunction,
QBit; inserting them is refused with code 50, and so is reading one beside a DateTime with a time zone.

An insert is gathered in a file until the client has ended it, then given to the engine: a client that vanishes leaves
nothing. As on any ClickHouse, over 1,048,449 rows or several partitions make several parts, each atomic on its own.
"""
