"""`modelwire embed`: what it prints where, and how it ends."""

import json

import pytest

VECTORS = """
    from modelwire import errors
    from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits, hookimpl
    from modelwire.messages import Usage

    @hookimpl
    def embedding_limits():
        return EmbeddingLimits(texts=2)

    @hookimpl
    async def embed(model, texts, options):
        if model.id == "refuses":
            raise errors.AuthenticationError("The key was refused.", status=401, hint="Renew it.")
        if model.id == "hangs":
            import asyncio

            await asyncio.sleep(3600)
        size = options.dimensions or 2
        first = {"query": 0.125, None: 0.5}[options.input_type]
        vectors = [[first, *[float(len(text))] * (size - 1)] for text in texts]
        return EmbeddingBatch(vectors, Usage(input=len(texts)))
"""


@pytest.fixture(autouse=True)
def plugin(site, program):
    site.provider("vec", VECTORS)


def test_each_vector_is_a_json_array_on_a_line(program):
    done = program.run("embed", "--model", "vec/x", "a", "bb", "ccc")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"[0.5, 1.0]\n[0.5, 2.0]\n[0.5, 3.0]\n"


def test_each_line_of_standard_input_is_a_text(program):
    done = program.run("embed", "-m", "vec/x", stdin="grüße\nzwei Wörter\n".encode())
    assert [json.loads(line)[1] for line in done.stdout.splitlines()] == [5, 11]


def test_lines_that_are_piped_in_come_before_the_texts(program):
    done = program.run("embed", "-m", "vec/x", "abc", "abcd", stdin=b"a\nab\n")
    assert [json.loads(line)[1] for line in done.stdout.splitlines()] == [1, 2, 3, 4]


def test_options_reach_the_plugin(program):
    done = program.run(
        *("embed", "-m", "vec/x", "--dimensions", "4", "--input-type", "query", "--normalize"),
        *("--batch-size", "1", "--concurrency", "2", "--timeout", "60", "abc"),
    )
    vector = json.loads(done.stdout)
    assert len(vector) == 4
    assert sum(number * number for number in vector) == pytest.approx(1, abs=1e-6)


def test_json_is_one_object_with_the_usage(program):
    done = program.run("embed", "-m", "vec/x", "--json", "a", "bb", "ccc")
    made = json.loads(done.stdout)
    assert (made["provider"], made["model"], made["dimensions"]) == ("vec", "x", 2)
    assert made["vectors"] == [[0.5, 1.0], [0.5, 2.0], [0.5, 3.0]]
    assert made["usage"]["input"] == 3


def test_a_failure_is_reported_on_standard_error(program):
    done = program.run("embed", "-m", "vec/refuses", "a")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"The key was refused." in done.stderr
    assert b"Renew it." in done.stderr


def test_a_failure_is_json_where_json_is_asked_for(program):
    done = program.run("embed", "-m", "vec/refuses", "--json", "a")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["type"] == "auth"


def test_a_total_deadline_ends_it(program):
    done = program.run("embed", "-m", "vec/hangs", "--timeout", "1", "a")
    assert done.returncode == 1
    assert b"within 1 seconds.\n" in done.stderr
    assert b"code: timeout" in done.stderr
    done = program.run("embed", "-m", "vec/hangs", "--timeout", "1", "--json", "a")
    assert json.loads(done.stdout)["error"]["type"] == "timeout"


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["a", ""], b"", b"Text 2 is empty."),
        (["a", b"\xff"], b"", b"Text 2 is not UTF-8 text."),
        ([], b"a\n\nb\n", b"Line 2 of standard input is empty."),
        ([], b"a\xff", b"Standard input is not UTF-8 text: byte 1 is 0xff."),
        (["--dimensions", "0", "a"], b"", b"'--dimensions'"),
        (["--input-type", "passage", "a"], b"", b"'--input-type'"),
    ],
)
def test_misuse_is_reported(program, arguments, stdin, said):
    done = program.run("embed", "-m", "vec/x", *arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr


def test_without_a_model_it_says_how_to_name_one(program):
    done = program.run("embed", "a")
    assert done.returncode == 1
    assert b"agents.defaults.memorySearch" in done.stderr


def test_the_configuration_names_the_model(program):
    document = {"agents": {"defaults": {"memorySearch": {"provider": "vec", "model": "x"}}}}
    (program.folder / "mine.json5").write_text(json.dumps(document))
    done = program.run("embed", "--config", "mine.json5", "a")
    assert (done.returncode, done.stdout) == (0, b"[0.5, 1.0]\n")
