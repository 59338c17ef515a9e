"""forethought shop serve"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from forethought.cli.panels import NETWORK, SHOP, example
from forethought.experiments.consent import is_loopback

if TYPE_CHECKING:
    from forethought.envs.webshop.world import GoalKind

app = typer.Typer(
    no_args_is_help=True, help="The shop of WebShop-v0 as a website.", epilog=example("shop serve --port 8123")
)


@app.command(epilog=example("shop serve", "shop serve --world worlds/small --goals human --port 0"))
def serve(
    world: Annotated[
        Path | None, typer.Option(help="The folder of a world; by default the synthetic shop.", rich_help_panel=SHOP)
    ] = None,
    goals: Annotated[str, typer.Option(help="The goals: synthetic or human.", rich_help_panel=SHOP)] = "synthetic",
    host: Annotated[str, typer.Option(help="The address to listen on.", rich_help_panel=NETWORK)] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.", rich_help_panel=NETWORK)
    ] = 8123,
    quirks: Annotated[
        bool, typer.Option("--quirks", help="Keep the official environment's bugs.", rich_help_panel=SHOP)
    ] = False,
    show_attrs: Annotated[
        bool, typer.Option("--show-attrs", help="A page of each product's attributes.", rich_help_panel=SHOP)
    ] = False,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines visit the shop.", rich_help_panel=NETWORK)
    ] = False,
) -> None:
    """Show the shop to browsers, and to programs as JSON under /api, until interrupted."""
    local = is_loopback(host)
    if not local and not allow_remote:
        raise ValueError(f"with --host {host} other machines can visit the shop; add --allow-remote if they may")
    try:
        from forethought.envs.webshop.website import app as site
        from forethought.envs.webshop.website import security
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "forethought":
            raise
        raise ValueError(f"{error.name} is not installed; run: pip install 'forethought[site]'") from error
    from forethought.envs.webshop.default_world import open_world
    from forethought.envs.webshop.family import WebShop

    family = WebShop(
        open_world(world) if world else None,
        goals=cast("GoalKind", goals),
        official_quirks=quirks,
        show_attrs=show_attrs,
    )
    made = site.make_app(family, hosts={*security.LOOPBACK, host} if local else None)
    with site.listen(host, port) as listener:
        print(f"{len(family)} tasks at {site.address_of(listener)} (Ctrl+C ends)", flush=True)
        site.serve(made, listener)
