"""Code that calls an endpoint, as the page's API view shows it: code that runs as it stands."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

PICTURE, PICTURES = "picture.png", ("one.png", "two.png")  # stand for files of the reader's

Parameters = list[dict[str, Any]]  # of an endpoint, as Gradio describes them


class Place(NamedTuple):
    """Where the endpoints are."""

    address: str  # of the server, without a slash at its end
    source: str  # what Gradio's clients connect to: the name of a Space, or the address


def snippets(path: str, parameters: Parameters, place: Place) -> dict[str, str]:
    """Return code in Python and JavaScript, for curl and for Gradio's command line."""
    return {
        "python": _python(path, parameters, place.source),
        "javascript": _javascript(path, parameters, place.source),
        "bash": _curl(path, parameters, place.address),
        "cli": _command(path, parameters, place.source),
    }


def _python(path: str, parameters: Parameters, source: str) -> str:
    def literal(value: Any) -> str:
        return json.dumps(value) if isinstance(value, str) else repr(value)

    given = _given(parameters, lambda file: f'handle_file("{file}")', literal)
    arguments = "".join(f"    {name}={value},\n" for name, value in given)
    imports = "Client, handle_file" if _names_files(parameters) else "Client"
    return (
        f"from gradio_client import {imports}\n\n"
        f'client = Client("{source}")\n'
        f'result = client.predict(\n{arguments}    api_name="{path}",\n)\n'
        "print(result)"
    )


def _javascript(path: str, parameters: Parameters, source: str) -> str:
    given = _given(parameters, lambda file: f'new Blob([await readFile("{file}")])', json.dumps)
    members = "".join(f"  {name}: {value},\n" for name, value in given)
    reading = 'import { readFile } from "node:fs/promises";\n' if _names_files(parameters) else ""
    return (
        f'{reading}import {{ Client }} from "@gradio/client";\n\n'
        f'const client = await Client.connect("{source}");\n'
        f'const result = await client.predict("{path}", {{\n{members}}});\n'
        "console.log(result.data);\n"
        "process.exit(); // the client keeps a connection open"
    )


def _curl(path: str, parameters: Parameters, address: str) -> str:
    """Return lines for a shell; in bash Gradio's own lines lose the job's id in a subshell."""
    api = f"{address}/gradio_api"
    files = [file for one in parameters for file in _files(one)]
    variables = {file: f"FILE_{number}" for number, file in enumerate(files, start=1)}
    uploads = "".join(
        f"{variable}=$(curl -s {api}/upload -F files=@{file} | tr -d '[]\"')\n"
        for file, variable in variables.items()
    )
    given = _given(parameters, lambda file: _file_data(f"'\"${variables[file]}\"'"), json.dumps)
    body = ", ".join(f'"{name}": {value}' for name, value in given)
    return (
        f"{uploads}curl -s {api}/call/v2{path} -H 'Content-Type: application/json' \\\n"
        f"  -d '{{{body}}}' \\\n"
        "  | awk -F'\"' '{ print $4 }' \\\n"
        f"  | {{ read EVENT_ID; curl -sN {api}/call{path}/$EVENT_ID; }}"
    )


def _command(path: str, parameters: Parameters, source: str) -> str:
    given = _given(parameters, _file_data, json.dumps)
    body = ",".join(f'\n  "{name}": {value}' for name, value in given)
    return f"{{command}} predict {source} {path} '{{{body}\n}}'"  # the page names the command


def _file_data(path: str) -> str:
    return f'{{"path": "{path}", "meta": {{"_type": "gradio.FileData"}}}}'


def _given(
    parameters: Parameters, opened: Callable[[str], str], literal: Callable[[Any], str]
) -> Iterator[tuple[str, str]]:
    """Yield name and value of each parameter, as code: files of the reader's, or the default."""
    for one in parameters:
        files = [opened(file) for file in _files(one)]
        if "items" in one["type"] and files:
            value = f"[{', '.join(files)}]"
        else:
            value = files[0] if files else literal(one["parameter_default"])
        yield one["parameter_name"], value


def _files(parameter: dict[str, Any]) -> tuple[str, ...]:
    """Return the files to name in a parameter: none, one, or two for a list."""
    kind = parameter["type"]
    if "path" in kind.get("properties", {}):
        return (PICTURE,)
    return PICTURES if "path" in kind.get("items", {}).get("properties", {}) else ()


def _names_files(parameters: Parameters) -> bool:
    return any(map(_files, parameters))
