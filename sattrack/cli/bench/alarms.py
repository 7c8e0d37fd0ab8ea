"""`sattrack bench alarms`: how often alarms are false, and what they catch."""

from dataclasses import asdict
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice


def alarms(
    draws: Annotated[int, typer.Option(min=100, max=1_000_000, help="Series drawn for each noise model and surge.")] = 20_000,
    past: Annotated[
        list[int] | None, typer.Option(min=5, max=1000, help="Past scenes; may be repeated. Default: 14, 7.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws: the same seed gives the same figures.")] = 1,
    level: o.AlarmLevel = None,
    speed: Annotated[bool, typer.Option("--speed", help="Measure only the time for the newest scene of many sites.")] = False,
    flow: Annotated[
        bool, typer.Option("--flow", help="Measure only the intervals of what left and came; --past is not used.")
    ] = False,
    bound: Annotated[
        bool, typer.Option("--bound", help="Measure only what a rule could catch that is told the noise and the surge.")
    ] = False,
    sites: Annotated[int, typer.Option(min=1, help="Sites for --speed, of 200 past scenes each.")] = 10_000,
    config: o.Config = None,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """False alarms and power over nine noise models, each rule beside those that people use; and the two-scene interval.

    Simulated counts, no imagery; the same seed gives the same figures.
    """
    from sattrack.bench import alarm_tables as tables
    from sattrack.bench.alarm_speed import bench_alarm_speed
    from sattrack.bench.alarms import bench_alarms, bench_levels, bench_two_scenes, targets
    from sattrack.readers.settings_file import load_settings
    from sattrack.steps.alarming import rules_of
    from sattrack.steps.false_alarms import LEVELS

    voice = Voice(quiet=quiet)
    if speed:
        found = bench_alarm_speed(sites=sites, past=200, heard=voice.say)
        if as_json:
            voice.json(asdict(found))
        else:
            b.print_table(tables.speed_table(found), voice=voice, markdown=markdown)
        return
    if flow:
        _flow(draws=min(draws, 1000), seed=seed, voice=voice, markdown=markdown, as_json=as_json)
        return
    if bound:
        _bound(draws=draws, past=(past or [14])[0], seed=seed, voice=voice, as_json=as_json)
        return
    rules = rules_of(load_settings(config, given={"alarm_level": level}))
    asked = past or [14, 7]
    rows = {n: bench_alarms(draws=draws, past=n, rules=rules, seed=seed) for n in asked}
    levels = {n: bench_levels(draws=4 * draws, past=n, rules=rules, levels=LEVELS, seed=seed) for n in asked}
    covered = bench_two_scenes(draws=min(draws, 4000), seed=seed)
    # The promises are for the nominal level.
    nominal = rules.sure.alarm == rules_of(load_settings(None)).sure.alarm
    promised = targets([row for n in asked for row in rows[n]]) if nominal else []
    if as_json:
        values = tables.alarm_values([row for n in asked for row in rows[n]], [], covered, promised)
        values["levels"] = {str(n): [{"alarm_level": at, **asdict(rate)} for at, rate in levels[n]] for n in asked}
        voice.json(values | {"draws": draws, "seed": seed, "alarm_level": rules.sure.alarm})
        return
    for n in asked:
        voice.out(f"{n} past scenes, alarm level {rules.sure.alarm:g}, {draws:,} draws")
        b.print_table(tables.alarm_table(rows[n]), voice=voice, markdown=markdown)
        voice.out(f"{n} past scenes, base noise, false alarms by alarm level")
        b.print_table(tables.level_table(levels[n]), voice=voice, markdown=markdown)
    voice.out("two scenes: how often the 95 % interval of the change held the true change")
    b.print_table(tables.covered_table(covered), voice=voice, markdown=markdown)
    for line in tables.verdict_lines(promised):
        voice.out(line)


def _flow(*, draws: int, seed: int, voice: Voice, markdown: bool, as_json: bool) -> None:
    from sattrack.bench.flow_tables import flow_table, flow_values, flow_verdicts
    from sattrack.bench.flows import bench_flows

    rows = bench_flows(draws=draws, seed=seed)
    if as_json:
        voice.json(flow_values(rows) | {"draws": draws, "seed": seed})
        return
    voice.out(f"flows: how often the 95 % intervals held the true sums of falls and of rises, {draws:,} sites each")
    b.print_table(flow_table(rows), voice=voice, markdown=markdown)
    for line in flow_verdicts(rows):
        voice.out(line)


def _bound(*, draws: int, past: int, seed: int, voice: Voice, as_json: bool) -> None:
    from sattrack.bench.alarm_bound import BASE_LIMIT, GROWTH_LIMIT, MORE_LIMIT, best_possible

    found = best_possible(draws=draws, past=past, seed=seed)
    free = best_possible(draws=draws, past=past, seed=seed, growth=False)
    if as_json:
        voice.json(asdict(found) | {"without_growth": asdict(free), "draws": draws, "seed": seed})
        return
    voice.out(f"A rule that is told both spreads, the growth and the size of the surge, with {past} past scenes:")
    voice.out(f"catches at most {found.caught:.1%} of x{found.surge:g};")
    voice.out(f"raises {found.base:.2%} false rises in the base model (may: {BASE_LIMIT:.1%}),")
    voice.out(f"{found.more:.2%} under more spread (may: {MORE_LIMIT:.1%}),")
    voice.out(f"and {found.growth:.2%} under growth (may: {GROWTH_LIMIT:.1%}).")
    voice.out(f"Were false rises under growth not limited ({free.growth:.2%} then), it would catch {free.caught:.1%}.")
