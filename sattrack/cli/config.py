"""`sattrack config`: the settings that would hold, or a file of them to change."""

from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice

app = typer.Typer(add_completion=False)


@app.command()
def config(
    file: o.Config = None,
    template: Annotated[bool, typer.Option("--template", help="Write a settings file with every setting explained.")] = False,
    as_json: o.AsJson = False,
) -> None:
    """Prints what `detect --config FILE` would use; without FILE, the defaults."""
    from sattrack.readers.settings_file import as_yaml, load_settings
    from sattrack.readers.settings_file import template as written

    voice = Voice()
    if template:
        voice.out(written().rstrip("\n"))
        return
    settings = load_settings(file)
    if as_json:
        voice.json(settings.model_dump(mode="json"))
    else:
        voice.out(as_yaml(settings).rstrip("\n"))
