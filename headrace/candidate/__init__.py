"""Candidates and requests to retrain: the messages of the topic `training`, and what became of them."""

from headrace.candidate.board import Board, Candidate, board, post, read_board
from headrace.candidate.message import Asked, Failed, Proposal, Rejection, asked, failed, proposed, rejected

__all__ = [
    "Asked",
    "Board",
    "Candidate",
    "Failed",
    "Proposal",
    "Rejection",
    "asked",
    "board",
    "failed",
    "post",
    "proposed",
    "read_board",
    "rejected",
]
