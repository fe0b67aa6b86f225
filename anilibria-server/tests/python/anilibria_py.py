"""Checks the published library anilibria.py with the service: every method, and the events.

Only the URLs are changed, which are constants of two modules.
"""

import asyncio
import base64
import unittest

from aiohttp import ContentTypeError
from anilibria import (
    AniLibriaClient,
    Connect,
    DescriptionType,
    HTTPException,
    Include,
    NoArgumentsError,
    PlaylistType,
    PlaylistUpdate,
    Subscription,
    TitleEpisode,
    TitleUpdate,
)
from anilibria.api.gateway import client as gateway
from anilibria.api.http import route
from anilibria.api.models import Title
from service import running as service

# Timeout of an event, in seconds.
TIMEOUT = 60

route.V3_URL = f"https://{service.host}/v3.0"
route.V1_URL = f"https://{service.host}/public"
gateway.URL = f"wss://{service.host}/v3.0/ws/"


class Case(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.client = AniLibriaClient()
        self.addAsyncCleanup(self.client.close)

    def assert_is_title(self, title: Title) -> None:
        self.assertIsInstance(title, Title)
        self.assertTrue(title.code and title.names.ru)
        self.assertTrue(title.posters.original.full_url.startswith("https://"))


class Reading(Case):
    """Every method that reads titles and related data."""

    async def test_title_by_id_and_by_code(self):
        title = await self.client.get_title(id=7)
        again = await self.client.get_title(code=title.code)

        self.assert_is_title(title)
        self.assertEqual((title.id, again.id, again.names), (7, 7, title.names))
        self.assertEqual(sorted(map(int, title.player.list)), list(range(1, len(title.player.list) + 1)))
        self.assertTrue(all(episode.uuid for episode in title.player.list.values()))
        self.assertTrue(all(torrent.hash for torrent in title.torrents.list))

    async def test_title_by_torrent(self):
        title = await self.client.get_title(id=7)
        torrent = title.torrents.list[0].torrent_id

        # The client refuses a torrent alone; the service takes it.
        with self.assertRaises(NoArgumentsError):
            await self.client.get_title(torrent_id=torrent)
        self.assertEqual((await self.client.get_title(id=7, torrent_id=torrent)).id, 7)

    async def test_title_with_selected_fields(self):
        shaped = await self.client.get_title(
            id=7,
            filter=["id", "names", "description", "posters.small"],
            remove=["names.en"],
            description_type=DescriptionType.HTML,
        )

        self.assertEqual((shaped.id, shaped.code, shaped.names.en), (7, None, None))
        self.assertTrue(shaped.names.ru and shaped.description and shaped.posters.small.url)

    async def test_title_with_its_files(self):
        title = await self.client.get_title(
            id=7,
            include=[Include.RAW_POSTER, Include.RAW_TORRENT, Include.TORRENT_META],
            playlist_type=PlaylistType.OBJECT,
        )

        self.assertTrue(base64.b64decode(title.posters.original.raw_base64_file, validate=True))
        for torrent in title.torrents.list:
            self.assertTrue(base64.b64decode(torrent.raw_base64_file, validate=True).startswith(b"d"))
            self.assertEqual(torrent.metadata.hash, torrent.hash)
            self.assertTrue(torrent.metadata.files_list)

    async def test_several_titles(self):
        page = await self.client.get_titles(id_list=[7, 8, 9])

        self.assertEqual([title.id for title in page.list], [7, 8, 9])
        self.assertEqual((page.pagination.pages, page.pagination.total_items), (1, 3))
        codes = [title.code for title in page.list]
        again = await self.client.get_titles(code_list=codes, page=1, items_per_page=2)
        self.assertEqual([title.code for title in again.list], codes[:2])

    async def test_updates_and_changes(self):
        updates = await self.client.get_updates(limit=3)
        changes = await self.client.get_changes(limit=3, page=1)

        for page in (updates, changes):
            self.assertEqual(len(page.list), 3)
            self.assert_is_title(page.list[0])
        self.assertEqual(updates.list, sorted(updates.list, key=lambda title: -title.updated))
        since = await self.client.get_updates(since=updates.list[1].updated)
        self.assertIn(updates.list[0].id, [title.id for title in since.list])

    async def test_schedule(self):
        week = await self.client.get_schedule()
        days = await self.client.get_schedule(days=[0, 6])

        self.assertEqual([day.day for day in week], list(range(7)))
        self.assertEqual([day.day for day in days], [0, 6])
        self.assertTrue(any(day.list for day in week))

    async def test_random_title(self):
        self.assert_is_title(await self.client.get_random_title())

    async def test_search(self):
        title = await self.client.get_title(id=7)

        found = await self.client.search_titles(search=[title.names.ru], limit=10)
        by_year = await self.client.search_titles(year=[title.season.year], limit=3)

        self.assertIn(7, [one.id for one in found.list])
        self.assertTrue(all(one.season.year == title.season.year for one in by_year.list))

    async def test_advanced_search(self):
        found = await self.client.advanced_search(
            "{season.year} >= 2020 and not empty({names.ru})", order_by="id", sort_direction=1, limit=4
        )

        ids = [title.id for title in found.list]
        self.assertEqual(ids, sorted(ids, reverse=True))
        self.assertTrue(all(title.season.year >= 2020 for title in found.list))
        with self.assertRaisesRegex(HTTPException, "412"):
            await self.client.advanced_search("{season.year} >=")

    async def test_franchises(self):
        franchises = await self.client.get_franchises(limit=2)
        of_title = await self.client.get_title_franchises(franchises.list[0].releases[0].id)

        self.assertEqual(len(franchises.list), 2)
        self.assertEqual(of_title.franchise.name, franchises.list[0].franchise.name)
        for id in range(1, 100):
            if not (await self.client.get_title(id=id)).franchises:
                self.assertIsNone(await self.client.get_title_franchises(id))
                break
        else:
            self.fail("every title is in a franchise")

    async def test_videos(self):
        page = await self.client.get_youtube(limit=3)

        self.assertEqual(len(page.list), 3)
        self.assertTrue(all(video.youtube_id and video.image for video in page.list))

    async def test_years_genres_and_team(self):
        years, genres, team = await asyncio.gather(
            self.client.get_years(), self.client.get_genres(), self.client.get_team()
        )

        self.assertEqual(years, sorted(years))
        self.assertTrue(genres and all(isinstance(genre, str) for genre in genres))
        self.assertEqual(sorted(await self.client.get_genres(sorting_type=1)), sorted(genres))
        self.assertTrue(team.voice)

    async def test_seeds(self):
        page = await self.client.get_seed_stats(users=["somebody"], sort_by="uploaded", order=0)

        self.assertEqual(page.list, [])

    async def test_unknown_title(self):
        with self.assertRaisesRegex(HTTPException, "404"):
            await self.client.get_title(id=99_999_999)
        with self.assertRaisesRegex(HTTPException, "404"):
            await self.client.get_title(code="there-is-no-such-title")


class Account(Case):
    """Login, and methods that need a session."""

    async def test_favourites_are_added_and_removed(self):
        session = await self.client.login("demo", "demo")
        self.assertRegex(session, "^[0-9A-Za-z]{32}$")

        async def favourites() -> list[int]:
            return [title.id for title in (await self.client.get_user_favorites_titles(session)).list]

        before = await favourites()
        title = next(id for id in range(1, 100) if id not in before)
        await self.client.add_user_favorite_title(session, title)
        self.assertEqual(sorted(await favourites()), sorted([*before, title]))
        await self.client.remove_user_favorite_title(session, title)
        self.assertEqual(await favourites(), before)

    async def test_wrong_password_and_wrong_session(self):
        with self.assertRaises(HTTPException):
            await self.client.login("demo", "wrong")
        with self.assertRaisesRegex(HTTPException, "401"):
            await self.client.get_user_favorites_titles("0" * 32)


class Broken(Case):
    """Methods that always fail in the library itself. They must still fail there, not in the service."""

    async def test_user(self):
        with self.assertRaises(TypeError):
            await self.client.get_user("0" * 32)

    async def test_rss(self):
        with self.assertRaises(TypeError):
            await self.client.get_rss(session_id="0" * 32)

    async def test_pages_of_favourites(self):
        with self.assertRaises(TypeError):
            await self.client.get_user_favorites_titles("0" * 32, page=1)

    async def test_feed(self):
        with self.assertRaises(Exception) as failure:
            await self.client.get_feed(limit=2)
        # The library has read the response. The failure is in its own processing.
        self.assertNotIsInstance(failure.exception, (HTTPException, ContentTypeError, OSError))


class Events(Case):
    """Events over the WebSocket."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        service.wait_for_watcher()
        self.received: asyncio.Queue = asyncio.Queue()
        self.connected = asyncio.Event()

        async def connected(event: Connect) -> None:
            self.assertEqual(event.api_version, "3.0.14")
            self.connected.set()

        self.client.on(Connect)(connected)

    def listen(self, *kinds: type) -> None:
        for kind in kinds:

            async def receive(event, kind=kind) -> None:
                await self.received.put((kind, event))

            self.client.on(kind)(receive)

    async def start(self) -> None:
        running = asyncio.create_task(self.client.astart())
        self.addCleanup(running.cancel)
        await asyncio.wait_for(self.connected.wait(), TIMEOUT)

    async def receive(self):
        return await asyncio.wait_for(self.received.get(), TIMEOUT)

    async def publish(self, title: int) -> dict:
        return await asyncio.to_thread(service.sandbox, "POST", "/episodes", {"release_id": title})

    async def test_new_episode_is_received_with_its_title(self):
        self.listen(TitleEpisode)
        await self.start()

        episode = await self.publish(7)

        _, event = await self.receive()
        self.assertEqual((event.title.id, event.episode.uuid), (7, episode["id"]))
        self.assertEqual(event.episode.episode, episode["ordinal"])
        self.assertTrue(event.episode.hls.fhd and event.episode.hls.hd and event.episode.hls.sd)

    async def test_changes_are_received(self):
        self.listen(PlaylistUpdate, TitleUpdate)
        await self.start()

        await self.publish(8)

        (first, playlist), (second, title) = await self.receive(), await self.receive()
        self.assertEqual((first, second), (PlaylistUpdate, TitleUpdate))
        self.assertEqual((playlist.id, title.title.id), (8, 8))
        self.assertFalse(playlist.reupload)
        self.assertIsInstance(title.title.description, str)
        self.assertNotIn("{", title.title.description)

    async def test_subscription_selects_events_and_fields(self):
        self.listen(Subscription, TitleUpdate, PlaylistUpdate)
        await self.start()

        # The form of the library's documentation, which is older than API v3.
        await self.client.subscribe({"title_update": {"title": {"id": 10}}}, filter="id,names", remove="names.en")
        kind, subscription = await self.receive()
        self.assertEqual((kind, subscription.subscribe, subscription.subscription_id), (Subscription, "success", 0))
        await self.publish(9)
        await self.publish(10)

        kind, event = await self.receive()
        self.assertEqual((kind, event.title.id, event.title.names.en), (TitleUpdate, 10, None))
        self.assertTrue(event.title.names.ru and event.title.code is None)
