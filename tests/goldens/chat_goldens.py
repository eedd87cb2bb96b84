# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the goldens of the chat templates: what Jinja2 renders in the environment that
transformers gives to chat templates.

    python3 chat_goldens.py MODEL.gguf ../data      (packages: requirements-text.txt)

MODEL.gguf is the default model (design 7); of its template only the results are stored. Writes
chat_templates.json. The templates under chat_templates/ are our own, in the style of published
families; chat_snippets.py has one construct each.
"""
import datetime
import json
import sys
from pathlib import Path

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chat_snippets import CONVERSATION, EXPRESSIONS, FAILING, HEAD, STATEMENTS
from gguf_numpy import read_gguf

CONVERSATIONS = [
    [],
    [{"role": "user", "content": "Hello"}],
    [{"role": "user", "content": "  Padded?\n\n"}, {"role": "assistant", "content": "\nYes. \n"}],
    CONVERSATION,
    [{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "<think>\nOne and one.\n</think>\n\n2"},
     {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "<think>again</think>2"}],
    [{"role": "system", "content": "Talk /quiet "}, {"role": "user", "content": "{{ braces }} {% tags %} \\n 'quotes' \"too\"\nline two"},
     {"role": "assistant", "content": ""}],
    [{"role": "assistant", "content": "I start."}, {"role": "user", "content": "No."}],
    [{"role": "tool", "content": "42"}],
    [{"role": "user", "content": str(i)} if i % 2 == 0 else {"role": "assistant", "content": "x" * i} for i in range(7)],
]


class Generation(Extension):
    """{% generation %} .. {% endgeneration %}: its body, as when rendering text."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def environment():
    def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = to_json
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return env


def render(source, messages, generate):
    return environment().from_string(source).render(
        messages=messages, tools=None, documents=None, add_generation_prompt=generate, bos_token="<s>", eos_token="</s>")


def result(source, messages, generate):
    """{"text": ..} or, where the template refuses the conversation, {"error": message}."""
    try:
        return {"text": render(source, messages, generate)}
    except jinja2.exceptions.TemplateError as error:
        return {"error": error.message}


def results(source):
    return [result(source, messages, generate) for messages in CONVERSATIONS for generate in (False, True)]


def check_failing():
    for snippet in FAILING:
        try:
            text = render(HEAD + snippet, CONVERSATION, False)
        except Exception:
            continue
        raise SystemExit(f"does not fail: {snippet} -> {text!r}")


def main():
    model, out = Path(sys.argv[1]), Path(sys.argv[2])
    metadata, _ = read_gguf(model)
    check_failing()
    expressions = ["{{ " + text + " }}" for text in EXPRESSIONS]
    snippets = [{"source": text, "text": render(HEAD + text, CONVERSATION, False)} for text in expressions + STATEMENTS]
    folder = Path(__file__).parent / "chat_templates"
    sources = {path.stem: path.read_text() for path in sorted(folder.glob("*.jinja"))}
    golden = {
        "jinja2": jinja2.__version__, "head": HEAD, "conversation": CONVERSATION, "snippets": snippets, "failing": FAILING,
        "conversations": CONVERSATIONS, "default_model": results(metadata["tokenizer.chat_template"]),
        "templates": [{"name": name, "source": text, "results": results(text)} for name, text in sources.items()],
    }
    path = out / "chat_templates.json"
    path.write_text(json.dumps(golden, indent=0, sort_keys=True) + "\n")
    print(path.name, path.stat().st_size, "bytes,", len(snippets), "snippets,", len(FAILING), "failing,", len(sources), "templates")


main()
