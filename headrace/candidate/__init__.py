"""Candidates and requests to retrain: the messages of the topic `training`, and what became of them."""

from headrace.candidate.message import Asked, Proposal, Rejection, asked, proposed, rejected
from headrace.candidate.board import Board, Candidate, post, read_board

__all__ = [
    "Asked",
    "Board",
    "Candidate",
    "Proposal",
    "Rejection",
    "asked",
    "post",
    "proposed",
    "read_board",
    "rejected",
]
