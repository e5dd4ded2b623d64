"""What the queue's surface knows and decides, without a page: its machine, run in a Chromium."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit")

from tests.ui.surface_modules import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_nothing_is_decided_before_it_was_painted(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = new Machine();
        machine.receive(queue("a", "b"));
        const early = machine.decide("drop");
        shown(machine);
        const taken = machine.decide("drop");
        const again = machine.decide("drop");
        return [early, taken.taken.id, again, machine.current, machine.refusals];
        """,
    ) == [{"refused": "early"}, "a", {"refused": "early"}, "b", 2]


def test_what_was_painted_earlier_is_not_what_is_on_the_screen_now(surface: "Page") -> None:
    assert run(
        surface, 'const m = begun("a", "b"); m.step(1); m.shown("a"); return [m.painted, m.decide("keep")];'
    ) == [
        None,
        {"refused": "early"},
    ]


def test_a_stroke_bears_what_was_shown_and_a_number_of_its_own(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b");
        machine.decide("drop", { note: "why" });
        shown(machine).decide("keep");
        return machine.message().strokes;
        """,
    ) == [
        {"number": 1, "act": "drop", "id": "a", "seen": "seen a", "as_of": 0, "note": "why"},
        {"number": 2, "act": "keep", "id": "b", "seen": "seen b", "as_of": 0},
    ]


def test_one_message_is_on_its_way_at_a_time_and_what_is_not_answered_is_sent_again(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b", "c");
        machine.decide("drop");
        const first = machine.message();
        shown(machine).decide("keep");
        const meanwhile = machine.message();
        machine.receive(answer({ heard: 1, answers: [{ number: 1, result: "done" }], order: ["b", "c"] }));
        const second = machine.message();
        const again = machine.message({ again: true });
        const numbers = (message) => message.strokes.map((stroke) => stroke.number);
        return [numbers(first), meanwhile, numbers(second), numbers(again), again.number];
        """,
    ) == [[1], None, [2], [2], 3]


def test_another_server_has_no_memory_of_strokes_and_they_are_counted_as_lost(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b");
        machine.decide("drop");
        machine.message();
        machine.receive({ ...queue("a", "b"), epoch: "another", taken: 7, heard: 3 });
        const next = shown(machine).decide("keep").taken.number;
        return [machine.lost, next, machine.current, machine.message().number];
        """,
    ) == [1, 8, "b", 4]


def test_numbers_go_on_where_a_server_stands_that_has_heard_another_page(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = new Machine();
        machine.receive({ ...queue("a"), taken: 12, heard: 30 });
        return [shown(machine).decide("drop").taken.number, machine.message().number];
        """,
    ) == [13, 31]


def test_what_could_not_be_saved_is_shown_again_and_what_others_decided_is_not(surface: "Page") -> None:
    assert (
        run(
            surface,
            """
        const outcome = (result) => {
            const machine = begun("a", "b", "c");
            machine.decide("drop");
            machine.message();
            machine.receive(answer({ heard: 1, answers: [{ number: 1, result }], order: ["b", "c"] }));
            return [machine.current, machine.upcoming];
        };
        return ["failed", "changed", "no_survivor", "conflict", "done"].map(outcome);
        """,
        )
        == [["b", ["b", "a", "c"]]] * 3 + [["b", ["b", "c"]]] * 2
    )


def test_an_undo_shows_at_once_what_it_takes_back_and_follows_the_server_where_that_differs(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b", "c");
        machine.decide("drop");
        shown(machine).decide("drop");
        machine.undo();
        const foreseen = machine.current;
        const decided_again = shown(machine).decide("keep").taken.number;
        const other = begun("a", "b", "c");
        other.decide("drop");
        shown(other).undo();
        other.message();
        const answers = [{ number: 1, result: "done" }, { number: 2, result: "done", item: "z" }];
        other.receive(answer({ heard: 1, answers, items: [item("z", 9)], order: ["a", "b", "c"] }));
        return [foreseen, decided_again, other.current];
        """,
    ) == ["b", 4, "z"]


def test_the_late_answer_to_an_undo_moves_nothing_that_went_on_meanwhile(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b", "c", "d");
        machine.decide("drop");
        machine.undo();
        shown(machine).decide("keep");
        shown(machine).decide("drop");
        machine.message();
        const answers = [{ number: 1, result: "done" }, { number: 2, result: "done", item: "a" },
            { number: 3, result: "done" }];
        machine.receive(answer({ heard: 1, answers, items: [item("a", 0)], order: ["c", "d"] }));
        const now = machine.current;
        shown(machine).undo();
        return [now, machine.current];
        """,
    ) == ["c", "b"]


def test_undo_goes_back_in_the_order_of_decisions_not_of_places(surface: "Page") -> None:
    assert (
        run(
            surface,
            """
        const machine = begun("a", "b", "c");
        machine.decide("drop");
        shown(machine).decide("drop");
        machine.step(-1);
        machine.step(-1);
        shown(machine).decide("keep");
        machine.undo();
        return machine.current;
        """,
        )
        == "a"
    )


def test_an_undo_of_what_is_not_known_here_holds_the_keys_until_it_is(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b");
        machine.undo();
        const held = [machine.decide("drop"), machine.undo(), machine.step(1)];
        machine.message();
        machine.receive(answer({ heard: 1, answers: [{ number: 1, result: "nothing" }], order: ["a", "b"] }));
        return [held, machine.decide("drop").taken.id];
        """,
    ) == [[{"refused": "waiting"}] * 3, "a"]


def test_a_lost_connection_stops_the_keys(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b");
        machine.online = false;
        return [machine.decide("drop"), machine.undo(), machine.strokes.length, machine.current];
        """,
    ) == [{"refused": "offline"}, {"refused": "offline"}, 0, "a"]


def test_back_and_forth_decide_nothing_and_what_was_skipped_comes_round_again(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b", "c");
        machine.step(1);
        machine.step(1);
        machine.step(-1);
        const back = machine.current;
        machine.step(1);
        machine.step(1);
        const end = machine.current;
        machine.receive(answer({ order: ["a", "b", "c"] }));
        return [back, end, machine.current, machine.upcoming, machine.strokes.length];
        """,
    ) == ["b", None, "a", ["a", "b", "c"], 0]


def test_at_the_end_it_asks_for_what_is_left_from_the_beginning(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = new Machine();
        machine.receive(answer({ items: [item("b", 5)], order: ["b"] }));
        machine.step(1);
        const asked = machine.message().after;
        machine.receive(answer({ heard: 1, items: [item("a", 0)], order: ["a", "b"] }));
        const first = machine.current;
        shown(machine).decide("keep");
        machine.message();
        machine.receive(answer({ heard: 2, answers: [{ number: 1, result: "done" }], order: ["b"] }));
        const end = begun("x");
        end.decide("drop");
        end.message();
        end.receive(answer({ heard: 1, answers: [{ number: 1, result: "done" }] }));
        return [asked, first, machine.current, end.current, end.message()];
        """,
    ) == [5, "a", "b", None, None]


def test_who_skips_asks_for_what_was_left_to_other_screens_and_who_waits_does_not(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b", "c");
        const waits = machine.message();
        machine.step(1);
        return [waits, machine.message().after];
        """,
    ) == [None, 0]


def test_going_back_beyond_what_is_on_hand_asks_for_it(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = new Machine();
        machine.receive(answer({ items: [item("c", 5)], order: ["c"] }));
        machine.step(-1);
        const asked = machine.message().before;
        machine.receive(answer({ heard: 1, items: [item("b", 4)], order: ["c"], show: "b", earlier: true }));
        const shown_now = machine.current;
        machine.step(1);
        return [asked, shown_now, machine.current];
        """,
    ) == [5, "b", "c"]


def test_a_filter_that_changes_begins_anew_and_keeps_what_is_not_answered(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("a", "b");
        machine.decide("drop");
        machine.receive({ ...queue("x", "y"), feed: "another" });
        return [machine.current, machine.items.size, machine.strokes.length, machine.message().strokes[0].id];
        """,
    ) == ["x", 2, 1, "a"]


def test_what_is_on_the_screen_stays_there_whatever_the_server_would_show(surface: "Page") -> None:
    assert run(
        surface,
        """
        const machine = begun("b", "c");
        machine.receive(answer({ items: [item("a", 0)], order: ["a", "b", "c"] }));
        const front = [machine.current, machine.painted, [...machine.upcoming]];
        machine.receive(answer({ items: [{ ...item("b", 1), seen: "other bytes" }], order: ["a", "b", "c"] }));
        return [front, machine.painted];
        """,
    ) == [["b", "b", ["b", "a", "c"]], None]


def test_a_person_in_a_hurry_and_a_slow_server_lose_nothing_and_decide_nothing_unseen(surface: "Page") -> None:
    """Thousands of random runs: a server that answers late, twice or never, and is started anew at times."""
    assert (
        run(
            surface,
            """
        let state = 1;
        const random = (n) => { state = (state * 48271) % 2147483647; return state % n; };
        const troubles = [];
        for (let round = 0; round < 1500; round += 1) {
            const machine = new Machine({ ahead: 4, behind: 6 });
            let server = { epoch: `s${round}`, decided: new Map(), taken: 0, heard: 0 };
            const acknowledged = new Set();
            const painted_ever = new Set();
            const total = 12;
            const reply = (message) => {
                const answers = [];
                if (message && message.epoch === server.epoch) {
                    for (const stroke of message.strokes) {
                        if (stroke.number > server.taken) {
                            if (stroke.act === "undo") {
                                const last = [...server.decided.keys()].pop();
                                server.undone = last;
                                if (last) server.decided.delete(last);
                            } else server.decided.set(stroke.id, stroke.number);
                            server.taken = stroke.number;
                        }
                        answers.push(stroke.act === "undo"
                            ? { number: stroke.number, result: server.undone ? "done" : "nothing", item: server.undone }
                            : { number: stroke.number, result: "done" });
                    }
                    server.heard = Math.max(server.heard, message.number);
                }
                const after = message?.after ?? -1;
                const all = [...Array(total).keys()].filter((n) => !server.decided.has(`i${n}`));
                let open = all.filter((n) => n > after).slice(0, 4);
                if (!open.length) open = all.slice(0, 4);
                const extra = answers.map((one) => one.item).filter(Boolean).map((id) => Number(id.slice(1)));
                return answer({ epoch: server.epoch, feed: "f", heard: server.heard, taken: server.taken, answers,
                    items: [...new Set([...open, ...extra])].map((n) => item(`i${n}`, n)),
                    order: open.map((n) => `i${n}`), more: open.length === 4 });
            };
            machine.receive(reply(null));
            let flight = null;
            for (let turn = 0; turn < 60; turn += 1) {
                const what = random(9);
                if (what < 3 && machine.current) { machine.shown(machine.current); painted_ever.add(machine.current); }
                else if (what < 6) {
                    const [painted, current] = [machine.painted, machine.current];
                    const result = machine.decide("drop");
                    const seen = painted === current && painted_ever.has(current);
                    if (result.taken && !seen) troubles.push("unseen");
                    if (!result.taken && !result.refused) troubles.push("neither taken nor refused");
                } else if (what === 6) machine.step(random(2) ? 1 : -1);
                else if (what === 7 && random(3) === 0) machine.undo();
                else if (flight) {
                    const answered = reply(flight);
                    if (random(4) === 0) reply(flight);
                    if (random(5) > 0) { machine.receive(answered); flight = null; }
                    else flight = machine.message({ again: true });
                }
                if (!flight) flight = machine.message();
                if (random(200) === 0) {
                    server = { ...server, epoch: `${server.epoch}+`, taken: 0, heard: 0 };
                    flight = null;
                    machine.receive(reply(null));
                }
            }
            for (let turn = 0; turn < 40 && (flight || machine.unanswered); turn += 1) {
                flight ??= machine.message({ again: true });
                machine.receive(reply(flight));
                flight = machine.message();
            }
            if (machine.unanswered) troubles.push(`${machine.unanswered} never answered`);
            const here = new Set([...machine.trail, ...machine.upcoming]);
            for (const id of here) if (!machine.items.has(id)) troubles.push("an item without content");
            if (machine.items.size > 60) troubles.push("memory grows");
        }
        return [...new Set(troubles)];
        """,
        )
        == []
    )
