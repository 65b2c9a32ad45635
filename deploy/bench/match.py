"""The whole comparison: a rehearsal, then all contenders by turns, round after round."""

from collections.abc import Callable

from deploy.bench.contenders import Contender, Headrace, Rival
from deploy.bench.ground import Ground, write_schema
from deploy.bench.measuring import Run, measure, rehearse
from deploy.bench.plan import Plan
from deploy.bench.result import ORDER, Result


def compare(ground: Ground, plan: Plan, told: Callable[[str], None]) -> Result:
    """Measure all of them; told gets a line for a person about each step."""
    headrace = Headrace(ground, plan.batch_rows)
    told("rehearsal: headrace answers all requests once, to warm the broker and to see how many bytes it writes")
    sizes = rehearse(ground, headrace, plan.records)
    schema = write_schema(ground.data_dir, ground.work)
    rivals = {name: Rival(name, ground, plan.batch_rows, schema, sizes) for name in ORDER if name != headrace.name}
    contenders: dict[str, Contender] = {**rivals, headrace.name: headrace}
    runs: dict[str, list[Run]] = {name: [] for name in ORDER}
    for number in range(1, plan.rounds + 1):
        for name in ORDER:
            records = plan.stock_records if name == "stock_faust" else plan.records
            run = measure(ground, contenders[name], records, number)
            runs[name].append(run)
            told(f"round {number} of {plan.rounds}: {name:12} {run.rate:9,.0f} a second, {run.us_cpu:6.1f} µs CPU each")
    request = sum(len(value) for _, value in ground.work.requests) / plan.records
    sized = {"request": request, "answer": sizes.answer, "log": sizes.log}
    return Result(runs=runs, bytes_a_record={name: round(size, 1) for name, size in sized.items()})
