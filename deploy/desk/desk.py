"""What a person does at the desk: approve, roll back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.desk import book, standard
from deploy.desk.book import Page
from deploy.desk.checked import Checked, report_of, unmet
from deploy.desk.errors import NoCandidate, NotTaken, Overtaken, StandardNotMet
from deploy.desk.target import rollback_target
from headrace.bundle import Limits, Manifest, Prober, Verified, keeps_pace, tried_once
from headrace.bundle.errors import BundleError
from headrace.candidate import Proposal, post, proposed, read_board, rejected
from headrace.kafka.clients import KafkaAddress
from headrace.registry import Registry, RegistryError
from headrace.release import Chain, Link, Release, TrustedKeys, Variant, read_private, sign
from headrace.release.document import Scalar

# So many versions, if need be, are tried to find one to measure a new one by: those that came last may not load.
LOOK_BACK = 5


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Signs releases with one key, in the name of one actor."""

    kafka: KafkaAddress
    registry: Registry
    cache: Path
    key_file: Path
    trusted_folder: Path
    actor: str
    limits: Limits = field(default_factory=Limits)
    standard: Path | None = None
    prober: Prober = field(default_factory=Prober)
    clock: Callable[[], datetime] = _now

    def approve(
        self,
        model: str,
        version: str,
        *,
        reason: str,
        threshold: float | None = None,
        override: str = "",
        slower: bool = False,
    ) -> Link:
        """Let one version serve everything; its bundle is tried first. Without a threshold the present one stays.

        Raises StandardNotMet unless the version meets the release standard, or is let through by an override, whose
        reason stays in the document with every point that was not met. One that takes more than ten times as long as
        the present one is refused, unless it may be slower.
        """
        checked = self.check(model, version)
        if checked.unmet and not override:
            raise StandardNotMet(unmet(model, version, checked.unmet))
        chain = self.page(model).chain
        head, present = chain.head, self._measured(chain)
        if present and not slower:
            keeps_pace(checked.verified, present)
        return self._publish(
            model,
            head,
            action="approve",
            variants=(Variant(name="champion", version=version, digest=checked.verified.digest),),
            parameters=_parameters(checked.manifest, head, threshold),
            reason=reason,
            evidence=checked.evidence(override if checked.unmet else "", present),
        )

    def check(self, model: str, version: str) -> Checked:
        """Try a version's bundle and hold what it shows against the release standard."""
        candidate = read_board(self.kafka, model).candidates.get(version)
        if candidate and candidate.rejection:
            refused = candidate.rejection
            raise NoCandidate(f"{model} {version} was rejected by {refused.actor}: {refused.reason}; train it anew")
        digest = self.registry.digest(model, version)
        if candidate and candidate.proposal.digest != digest:
            raise NoCandidate(f"{model} {version} in the registry is not the bundle that was proposed")
        folder = self._fetched(model, version, digest)
        manifest, verified = self._tried(folder, digest)
        written = standard.read(self.standard, model) if self.standard else None
        proposer = candidate.proposal.actor if candidate else None
        shown = standard.Shown(
            report=report_of(folder, manifest),
            one_row_us=verified.one_row_us,
            proposer=proposer,
            approver=self.actor,
            now=self.clock(),
        )
        return Checked(
            manifest=manifest,
            verified=verified,
            proposer=proposer,
            standard=written.digest if written else "",
            points=tuple(standard.check(written.standard, shown) if written else ()),
        )

    def reject(self, model: str, version: str, *, reason: str) -> None:
        """Decide against a candidate."""
        if version not in read_board(self.kafka, model).candidates:
            raise NoCandidate(f"{model} {version} was never proposed; `headrace release candidates {model}` lists them")
        post(self.kafka, rejected(model=model, version=version, actor=self.actor, reason=reason))

    def propose(self, model: str, version: str) -> Proposal:
        """Put a version that is in the registry up for approval."""
        digest = self.registry.digest(model, version)
        metrics = Manifest.read(self._fetched(model, version, digest)).metrics
        proposal = proposed(model=model, version=version, digest=digest, actor=self.actor, metrics=metrics)
        post(self.kafka, proposal)
        return proposal

    def adjust(self, model: str, parameters: Mapping[str, Scalar], *, reason: str) -> Link:
        """Change what decides an answer without another bundle; None takes a parameter away."""
        head = self.page(model).chain.head
        if head is None:
            raise NoCandidate(f"{model} was never released, so there is nothing to set; approve a version first")
        merged = {**head.release.parameters, **parameters}
        return self._publish(
            model,
            head,
            action="set",
            variants=head.release.variants,
            parameters={name: value for name, value in merged.items() if value is not None},
            reason=reason,
            evidence=dict(head.release.evidence),
        )

    def rollback(self, model: str, *, reason: str, to: str | None = None) -> Link:
        """Publish an earlier state anew: that of a version, of a release id, or the one before the present one."""
        chain = self.page(model).chain
        target = rollback_target(chain, to)
        for variant in target.release.variants:
            self._tried(self._fetched(model, variant.version, variant.digest), variant.digest)
        return self._publish(
            model,
            chain.head,
            action="rollback",
            variants=target.release.variants,
            parameters=dict(target.release.parameters),
            reason=reason,
            evidence={**target.release.evidence, "restores": target.id},
        )

    def page(self, model: str) -> Page:
        """All that model-releases says about a model at this moment."""
        return book.read(self.kafka, model, TrustedKeys.read(self.trusted_folder))

    def _fetched(self, model: str, version: str, digest: str) -> Path:
        return self.registry.fetch_bundle(model, version, digest, self.cache)

    def _tried(self, folder: Path, digest: str) -> tuple[Manifest, Verified]:
        verified = self.prober.verify(folder, digest, self.limits)
        # What passed at the desk needs no second trial by workers that share its cache.
        tried_once(self.cache, digest, lambda: None)
        return Manifest.read(folder), verified

    def _measured(self, chain: Chain) -> Verified | None:
        """What serves now, measured in the same sitting: the latest release that workers could load, if any can be."""
        latest = dict.fromkeys(link.release.champion for link in reversed(chain.history))
        for champion in list(latest)[:LOOK_BACK]:
            try:
                folder = self._fetched(chain.model, champion.version, champion.digest)
                return self._tried(folder, champion.digest)[1]
            except (BundleError, RegistryError):
                continue
        return None

    def _publish(self, model: str, head: Link | None, **decided: Any) -> Link:
        release = Release(
            model=model,
            sequence=head.release.sequence + 1 if head else 0,
            predecessor=head.id if head else "",
            actor=self.actor,
            issued_at=self.clock().isoformat(timespec="milliseconds"),
            key_id="",
            **decided,
        )
        message = sign(release, read_private(self.key_file))
        offset = book.publish(self.kafka, model, message)
        page = self.page(model)
        verdict = page.verdict_at(offset)
        if verdict is not None and verdict.link is not None:
            return verdict.link
        raise _lost(page.chain, release, verdict.reason if verdict else "", verdict.detail if verdict else "")


def _parameters(manifest: Manifest, head: Link | None, threshold: float | None) -> dict[str, Scalar]:
    parameters = dict(head.release.parameters) if head else {}
    if threshold is not None:
        parameters["threshold"] = float(threshold)
    elif "threshold" not in parameters and manifest.task == "classification":
        parameters["threshold"] = float(manifest.training.get("threshold") or 0.5)
    return parameters


def _lost(chain: Chain, release: Release, reason: str, detail: str) -> Exception:
    winner = next((link for link in chain.history if link.release.sequence == release.sequence), None)
    if reason == "wrong-predecessor" and winner is not None:
        won = winner.release
        return Overtaken(
            f"another desk was first: release {winner.short} ({won.action} {won.champion.version} by {won.actor}: "
            f"{won.reason!r}) is number {won.sequence} of {won.model}; your decision does not count. "
            f"Look at it with `headrace release show {won.model}` and decide again"
        )
    why = f"{reason}: {detail}" if reason else "it is not found in the topic"
    return NotTaken(f"the release of {release.model} was published, but it does not count: {why}")
