"""Generates a Python client from the document of a running service in OpenAPI 3.1, and calls every operation with it.

The service is at SERVICE_URL; INTERNAL_TOKEN is a token of another service. The directory in CLIENT_DIRECTORY receives the
generated code. Each check is a unit test.
"""

import importlib
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path

ORIGIN = os.environ["SERVICE_URL"]
PUBLIC = f"{ORIGIN}/api/anilibria/v2"
DIRECTORY = Path(os.environ["CLIENT_DIRECTORY"])
PACKAGE = "anilibria_v2"

# Timeout of loading the catalog, in seconds.
CATALOG_TIMEOUT = 30

# Operations by module of the generated client, with their arguments. `None` stands for an operation that is not called.
OPERATIONS = {
    "titles.list_titles": {"limit": 100},
    "titles.get_title": {"id": 7},
    "titles.search_titles": {"q": "рассвет"},
    "lists.list_updates": {},
    "lists.list_popular": {},
    "lists.get_random_title": {},
    "lists.get_schedule": {},
    "reference.list_genres": {},
    "service.get_index": {},
    "service.get_health": {},
    "service.get_readiness": {},
    "service.get_liveness": {},
    "internal.get_cache_stats": {},
    "internal.get_stats": {},
    "internal.sync_title": {"body": ("SyncRequest", {"title_id": 7})},
    "internal.clear_cache": {"body": ("ClearRequest", {"pattern": "genres", "confirm": True})},
    "internal.delete_cache": {"body": ("ClearRequest", {"pattern": "genres", "confirm": True})},
    # The stream does not end.
    "events.get_events": None,
}


def generate() -> str:
    """Generates the client. Returns what the generator printed."""
    with urllib.request.urlopen(f"{PUBLIC}/openapi-3.1.json", timeout=30) as response:
        document = DIRECTORY / "openapi.json"
        document.write_bytes(response.read())
    # Formatting the code would need another tool.
    settings = DIRECTORY / "settings.json"
    settings.write_text(json.dumps({"post_hooks": [], "package_name_override": PACKAGE}))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite", "--fail-on-warning"]
    command += ["--path", document, "--config", settings, "--output-path", DIRECTORY / PACKAGE]
    outcome = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return f"{outcome.stdout}\nexit status {outcome.returncode}"


class GeneratedClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.printed = generate()
        sys.path.insert(0, str(DIRECTORY))

    def client(self, group: str):
        package = importlib.import_module(PACKAGE)
        if group == "internal":
            return package.AuthenticatedClient(base_url=ORIGIN, token=os.environ["INTERNAL_TOKEN"])
        return package.Client(base_url=PUBLIC)

    def call(self, name: str, arguments: dict):
        module = importlib.import_module(f"{PACKAGE}.api.{name}")
        models = importlib.import_module(f"{PACKAGE}.models")
        arguments = dict(arguments)
        if isinstance(body := arguments.get("body"), tuple):
            arguments["body"] = getattr(models, body[0]).from_dict(body[1])
        return module.sync_detailed(client=self.client(name.split(".")[0]), **arguments)

    def test_document_is_generated_without_warnings(self):
        self.assertIn("exit status 0", self.printed, self.printed)

    def test_every_operation_is_listed(self):
        api = DIRECTORY / PACKAGE / "api"
        modules = {f"{file.parent.name}.{file.stem}" for file in api.glob("*/*.py") if file.stem != "__init__"}
        self.assertEqual(modules, set(OPERATIONS))

    def test_every_response_is_typed(self):
        for name, arguments in OPERATIONS.items():
            if arguments is None:
                continue
            with self.subTest(name):
                answer = self.call(name, arguments)
                self.assertEqual(answer.status_code, 200, answer.content[:300])
                self.assertEqual(type(answer.parsed).__module__.split(".")[:2], [PACKAGE, "models"])
                # The model contains the whole response. Python writes UTC as an offset.
                read = json.dumps(answer.parsed.to_dict()).replace("+00:00\"", "Z\"")
                self.assertEqual(json.loads(read), json.loads(answer.content))

    def test_nullable_objects_have_one_type(self):
        title = self.call("titles.get_title", {"id": 7}).parsed.data
        models = importlib.import_module(f"{PACKAGE}.models")
        self.assertIsInstance(title, models.Title)
        for episode in title.player.episodes.additional_properties.values():
            self.assertIsInstance(episode.opening, models.Skip | None)
            self.assertIsInstance(episode.ending, models.Skip | None)

    def test_titles_are_found_by_ids_of_other_services(self):
        title = self.call("titles.get_title", {"id": 7}).parsed.data
        arguments = {"mal_id": [1, title.mal_id], "shikimori_id": [title.shikimori_id]}
        deadline = time.monotonic() + CATALOG_TIMEOUT
        while (answer := self.call("titles.list_titles", arguments)).status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual([found.id for found in answer.parsed.data], [7])

    def test_error_is_typed(self):
        answer = self.call("titles.get_title", {"id": 4_000_000_000})
        self.assertEqual((answer.status_code, answer.parsed.error.code), (404, "TITLE_NOT_FOUND"))


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
