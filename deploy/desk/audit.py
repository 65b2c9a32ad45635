"""Walking the chain once more, apart from the fold that accepted it."""

from deploy.desk.book import Entry, Page
from headrace.release import Release, TrustedKeys, release_id, short, verify


def broken_links(page: Page, trusted: TrustedKeys) -> list[str]:
    """What is wrong with the accepted links, one sentence each; nothing when the chain holds."""
    accepted = [entry for entry in page.entries if entry.verdict.accepted]
    faults = [fault for number, entry in enumerate(accepted) for fault in _faults(accepted, number, entry, trusted)]
    if page.entries and not accepted:
        faults.append("the topic holds documents, but none begins a chain: a key or the topic's start is missing")
    return faults


def _faults(accepted: list[Entry], number: int, entry: Entry, trusted: TrustedKeys) -> list[str]:
    where = f"offset {entry.offset}"
    found = verify(entry.message, trusted)
    if not isinstance(found, Release):
        return [f"{where}: {found.reason}: {found.detail}"]
    wanted = release_id(accepted[number - 1].message) if number else ""
    faults = []
    if found.predecessor != wanted:
        faults.append(f"{where}: follows {short(found.predecessor)} instead of {short(wanted)}")
    if found.sequence != number:
        faults.append(f"{where}: has number {found.sequence} instead of {number}")
    return faults
