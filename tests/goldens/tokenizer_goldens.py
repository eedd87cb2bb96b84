# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the goldens of the tokenizer: ids of the tokenizers library for tricky texts.

    python3 tokenizer_goldens.py MODEL.gguf ../data      (packages: requirements-text.txt)

MODEL.gguf is the default model (design 7). Writes tokenizer_smollm2.json: `texts`, and under `ids`
a list for each way to tokenize. "smollm" has the ids of every text; the others, which share its
vocabulary but split text differently, only those that differ: {index of the text: ids}.
"""
import hashlib
import json
import random
import sys
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from gguf_numpy import read_gguf

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
OWN = r"\p{Lu}?\p{Ll}+|\s+(?!\S)|\s"  # leaves gaps between its matches

PLAIN = [
    "", " ", "a", "A", "\n", "\t", "0", ".", "Hello", "Hello, world!", " Hello", "Hello ", "  Hello  ",
    "The quick brown fox jumps over the lazy dog.", "THE QUICK BROWN FOX", "tHe QuIcK", "camelCaseWord",
    "snake_case_word", "kebab-case-word", "e.g., i.e., etc.", "Wait... what?!", "(parenthesised)", "\"quoted\"",
    "'single'", "“curly” ‘quotes’", "semi;colon:colon", "a/b\\c", "50% off", "C++ & C#", "x = y ** 2", "#hashtag @name",
    "name@example.org", "https://example.org/a/b?c=d&e=f#g", "—em–en-dash", "…", "$5.00 €5 £5 ¥5", "~`!@#$%^&*()_+-=[]{}|;:,.<>?",
]
CONTRACTIONS = [
    "I'm", "you're", "he's", "we've", "they'll", "I'd", "don't", "I'M", "YOU'RE", "HE'S", "WE'VE", "THEY'LL", "I'D",
    "DON'T", "it's a dog's life", "'s", "'t", "'re", "'S", "x'sy", "o'clock", "rock'n'roll", "y'all'd've", "I’m", "don’t",
    "'ſ", "a'ſb", "''s", "' s", "'sss", "'lll", "l'été", "dogs' tails",
]
DIGITS = [
    "1", "12", "123", "1234", "1234567890", "3.14159", "1,000,000", "1e-9", "0x1F", "v1.2.3", "2024-02-29", "12:34:56",
    "a1b2c3", "1 2 3", "1  2", "a  5", "a   5b", "5  a", "\n5", " 5", "  5", "x  ", "٣٤٥", "１２３", "½ ¾", "²³", "Ⅷ", "①②", "५६७",
    "1st 2nd 3rd", "10kg", "-7", "+7", "7.", ".7", "№5", "𝟘𝟙𝟚",
]
SPACES = [
    "  ", "   ", "    ", "     ", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\r", "\t\t", " \n", "\n ", " \n ", "a\nb", "a\n\nb", "a \n b",
    "a\n  b", "a  \n\n  b", "a\tb", "a \t b", "\ta", "a\t", "trailing   ", "   leading", "in   between", "a\u00a0b", "a \u00a0 b",
    "a\u3000b", "\u2003em space", "a\u2028b\u2029c", "a\x85b", "a\x0bb\x0cc", "a\u200bb", "a\u180eb", "\u180e", " \u180e ", "a \u180e b",
    "\ufeffstart", "a\u202fb", " " * 17, "\n" * 9, " \t" * 5, "x" + " " * 40 + "y", "line one\nline two\n\nline four\n",
    "  - item\n    - nested\n", "end \n\n\n", "a\u1680b\u205fc",
]
CODE = [
    "def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}", "if x==y and not z: pass", "#include <vector>\n",
    "SELECT * FROM t WHERE id = 42;", "let y = x?.z ?? 'none';", "{\"key\": [1, 2.5, null, true]}", "<div class=\"a\">text</div>",
    "\\frac{a}{b} \\cdot \\sum_{i=0}^{n} x_i", "$HOME/bin:$PATH", "git commit -m 'first'\n", "std::vector<std::unique_ptr<T>>", "a->b.c[d](e)",
    "//////", "======", "-----", "****", "!!!???", "%%d\\n", "0b1010 ^ 0o17", "lambda *args, **kwargs: None", "\n\n\n    \n\ndef g():\n\n    pass\n",
    "/* comment */", "<!-- markup -->", "@decorator\nclass A(B):", "| a | b |\n|---|---|\n| 1 | 2 |\n", "```python\nprint('hi')\n```",
]
LANGUAGES = [
    "Grüße aus München", "l'été à Noël", "El niño comió piñas", "São Paulo", "Čeština žluťoučký", "Zażółć gęślą jaźń", "Türkiye İstanbul ıi",
    "Привет, мир!", "Ελληνικά γράμματα", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "こんにちは世界", "カタカナ", "你好，世界", "한국어 문장",
    "中文English混合123", "漢字かな交じり文。", "Xin chào thế giới", "አማርኛ", "ქართული", "Հայերեն", "𐍈𐌰𐌽", "𝓗𝓮𝓵𝓵𝓸", "ﬁne ﬂow", "ÀÉÎÕÜ àéîõü ß ẞ", "ĳ Ĳ ŉ",
]
MARKS = [
    "e\u0301", "n\u0303o", "a\u0300\u0301\u0302", "Z\u0351\u036b\u0343", "\u0301", " \u0301", "\u0301a", "क्षि", "ก็", "a\u20dd", "x\u0338=y", "1\u20e3",
]
EMOJI = [
    "😀", "😀😀", "a😀b", " 😀", "👍🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "❤", "☕️ time", "1️⃣", "🤷‍♀️ ok", "🧑🏿‍🚀🚀", "™️ ©", "→ ← ↔ ⇒", "✓ ✗", "♠♥♦♣", "∀x∈ℝ: x²≥0",
]
CONTROLS = ["a\x00b", "\x01\x02\x03", "a\x04b", "\x06", "a\x13\x14b\x16\x1d", "\x1b[31mred\x1b[0m", "\x7f", "a\x08b"]
SPECIAL = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_start|>user\nHi<|im_end|>\n", "a<|im_end|>b", " <|im_end|> ", "<|im_end|><|im_end|>",
    "<|im_start", "|im_end|>", "<|im_end|", "<<|im_end|>>", "<|IM_END|>", "<| im_end |>", "<repo_name>", "<reponame>", "<filename>x.py<gh_stars>7",
    "<file_sep>", "<issue_start><issue_comment>text<issue_closed>", "<jupyter_code>1+1<jupyter_output>2<empty_output>", "don't<|im_end|>'s",
    "12<|im_end|>34", "<|endoftext|", "x<|im_start|>  <|im_end|>  y", "<|im_start|>system\nYou are kind.<|im_end|>\n<|im_start|>assistant\n",
]
LONG = [
    "a" * 1000, "ab" * 400, "Donaudampfschifffahrtsgesellschaftskapitän", "pneumonoultramicroscopicsilicovolcanoconiosis" * 3, "=" * 300, "9" * 100,
    "の" * 200, "🎉" * 60, "aA" * 150, "x_" * 100, "lalala" * 50, "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
]


def random_texts(count):
    """Mixtures of everything above and of assigned characters, from a fixed seed."""
    source = random.Random(20240607)
    known = [chr(c) for c in range(1, 0x20000)
             if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co") and known_to_all(chr(c))]
    pools = [[chr(c) for c in range(32, 127)], list(" \t\n\r\u00a0\u3000\u2028\x85\x0b"), list("0123456789٣½²Ⅷ"),
             ["'s", "'T", "'ll", "'RE", "’s", " don't", "'ſ"], known, SPECIAL[:3], ["  ", "   ", "\r\n", "\n\n"],
             list("éüñçабв漢字かな한국어"), list("\u180e\u200b\u0301\u200d\ufeff👩🏽"), ["the ", " and", "function", "aaaa"]]
    return ["".join(source.choice(source.choice(pools)) for _ in range(source.randint(2, 20))) for _ in range(count)]


def known_to_all(character):
    """Not newer than Unicode 10: regular expression libraries differ in the tables they carry."""
    return unicodedata.ucd_3_2_0.category(character) == unicodedata.category(character)


def pre_tokenizer(name):
    def split(pattern):
        return [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]

    digits, gpt2 = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False, use_regex=True)
    stages = {"smollm": [digits, gpt2], "gpt-2": [gpt2], "llama-bpe": split(LLAMA3), "qwen2": split(QWEN2),
              "own": split(OWN), "own digits": [digits, *split(OWN)]}
    return pre_tokenizers.Sequence(stages[name])


def build(metadata, name, with_special=True):
    words, merges = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.merges"]
    vocabulary = {text: number for number, text in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[tuple(m.split(" ")) for m in merges],
                                     ignore_merges=name == "llama-bpe"))
    tokenizer.pre_tokenizer = pre_tokenizer(name)
    if with_special:
        control = 3
        kinds = metadata["tokenizer.ggml.token_type"]
        tokenizer.add_special_tokens([text for text, kind in zip(words, kinds) if kind == control])
    return tokenizer


def main():
    model, out = Path(sys.argv[1]), Path(sys.argv[2])
    metadata, _ = read_gguf(model)
    texts = PLAIN + CONTRACTIONS + DIGITS + SPACES + CODE + LANGUAGES + MARKS + EMOJI + CONTROLS + SPECIAL + LONG
    texts = list(dict.fromkeys(texts + random_texts(150)))
    base = [build(metadata, "smollm").encode(text).ids for text in texts]
    ids = {"smollm": base}
    variants = {name: build(metadata, name) for name in ("gpt-2", "llama-bpe", "qwen2", "own", "own digits")}
    variants["smollm, no specials"] = build(metadata, "smollm", with_special=False)
    for name, tokenizer in variants.items():
        found = [tokenizer.encode(text).ids for text in texts]
        ids[name] = {str(i): found[i] for i in range(len(texts)) if found[i] != base[i]}
    golden = {"model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "tokenizers": tokenizers.__version__,
              "own_pattern": OWN, "texts": texts, "ids": ids}
    path = out / "tokenizer_smollm2.json"
    path.write_text(json.dumps(golden, separators=(",", ":"), sort_keys=True) + "\n")
    print(path.name, path.stat().st_size, "bytes,", len(texts), "texts,", {k: len(v) for k, v in ids.items()})


main()
