"""README's table of topics, from schemas/topics.toml."""

from headrace.topics import Topic, table


def topics_table() -> str:
    """One line a topic; M stands for a model's name."""
    head = "| topic (`M` = model) | key | value | kept |\n|---|---|---|---|"
    return "\n".join([head, *(_line(topic) for topic in table())])


def _line(topic: Topic) -> str:
    kept = f"{topic.days} d" if topic.days else "for ever"
    return f"| `{topic.name.replace('{model}', 'M')}` | {topic.key} | {topic.value} | {kept} |"
