"""`sattrack bench`: its commands, each in a file of its own; what is heavy they import when they are called."""

import typer

from sattrack.cli.bench.accuracy import accuracy
from sattrack.cli.bench.alarms import alarms
from sattrack.cli.bench.backends import backends
from sattrack.cli.bench.card import card
from sattrack.cli.bench.changes import changes
from sattrack.cli.bench.clouds import clouds
from sattrack.cli.bench.cover import cover
from sattrack.cli.bench.dense import dense
from sattrack.cli.bench.empty import empty
from sattrack.cli.bench.flow import flow
from sattrack.cli.bench.intervals import intervals
from sattrack.cli.bench.merging import merging
from sattrack.cli.bench.peers import peers
from sattrack.cli.bench.seams import seams
from sattrack.cli.bench.speed import speed

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command(no_args_is_help=True)(accuracy)
app.command(no_args_is_help=True)(empty)
app.command(no_args_is_help=True)(card)
app.command(no_args_is_help=True)(backends)
app.command()(speed)
app.command()(peers)
app.command()(intervals)
app.command()(seams)
app.command()(dense)
app.command()(merging)
app.command()(alarms)
app.command(no_args_is_help=True)(changes)
app.command()(flow)
app.command()(clouds)
app.command()(cover)
