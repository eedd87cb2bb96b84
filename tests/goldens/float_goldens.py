# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the goldens of the float engine: logits of Hugging Face transformers in float32.

    python3 float_goldens.py MODEL.gguf ../data      (packages: requirements-float.txt)

MODEL.gguf is the default model (design 7). Writes float_default_model.json and the tiny random
checkpoints tiny_*/ (config.json, safetensors, golden.json). Same versions give the same files.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from gguf_numpy import read_gguf

PROMPTS = [
    (1, "Hello"),
    (7, "The capital of France is the city of lights"),
    (64, """def moving_average(values, width):
    # The mean of each run of `width` neighbours, from left to right.
    total = sum(values[:width])
    means = [total / width]
    for new, old in zip(values[width:], values):
        total += new - old
        means.append(total / width)
    return means
"""),
    (200, """The harbour town woke before the sun did. Gulls walked the wet planks of the pier like
inspectors, and 14 fishing boats, each painted in its owner's two colours, knocked softly against
the old tyres that served as fenders. Maria had counted them every morning since 1987, when her
father first let her carry the lantern; she counted them now without noticing, the way other people
breathe. Thirteen. She stopped. The blue and white one, which belonged to the brothers from the
lighthouse road, was gone, although the wind had been from the north-east all night and nobody with
any sense would have left the bay. She set down her basket, wiped her hands and looked for the
harbour master. He was asleep in his chair, as he was every morning at 5:45, with the radio
muttering weather reports in three languages. "Pedro," she said, "wake up. Somebody went out."
He opened one eye. "Nobody went out," he answered. "I would have heard the engine." "Then," said
Maria, "somebody went out without one." They both turned to the window, and far beyond the break-
water they saw a small light moving slowly against the wind."""),
]
GREEDY_PROMPT = "The most important thing to know about the ocean is that"


def rounded(values):
    """Seven significant digits: 1e-7 relative, a thousandth of the tests' tolerance."""
    return [float(f"{v:.7g}") for v in np.asarray(values, "f4").ravel().tolist()]


def write_json(path, value):
    path.write_text(json.dumps(value, separators=(",", ":"), sort_keys=True) + "\n")
    print(path.name, path.stat().st_size)


def default_model(metadata, tensors):
    get = lambda key: metadata["llama." + key]
    width, heads, kv_heads = get("embedding_length"), get("attention.head_count"), get("attention.head_count_kv")
    config = LlamaConfig(
        vocab_size=len(tensors["token_embd.weight"]), hidden_size=width, intermediate_size=get("feed_forward_length"),
        num_hidden_layers=get("block_count"), num_attention_heads=heads, num_key_value_heads=kv_heads,
        rms_norm_eps=get("attention.layer_norm_rms_epsilon"), rope_theta=get("rope.freq_base"),
        max_position_embeddings=get("context_length"), tie_word_embeddings=True)

    def half_split(weight, count):  # GGUF's interleaved rotary pairs back to Hugging Face's halves
        return weight.reshape(count, width // heads // 2, 2, width).swapaxes(1, 2).reshape(-1, width)

    state = {"model.embed_tokens.weight": tensors["token_embd.weight"], "model.norm.weight": tensors["output_norm.weight"],
             "lm_head.weight": tensors["token_embd.weight"]}
    names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    for layer in range(config.num_hidden_layers):
        ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
        for old, new in names.items():
            state[f"{theirs}{new}.weight"] = tensors[f"{ours}{old}.weight"]
        state[theirs + "self_attn.q_proj.weight"] = half_split(tensors[ours + "attn_q.weight"], heads)
        state[theirs + "self_attn.k_proj.weight"] = half_split(tensors[ours + "attn_k.weight"], kv_heads)
    model = LlamaForCausalLM(config).float().eval()
    model.load_state_dict({k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in state.items()}, strict=True)
    return model


def encoder(metadata):
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(m.split(" ")) for m in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    return lambda text: tokenizer.encode(text).ids


def at_position(row, position, samples):
    order = torch.argsort(row, descending=True)[:20].tolist()
    return {"position": position, "max_abs": rounded(row.abs().max())[0], "logsumexp": rounded(torch.logsumexp(row.double(), 0))[0],
            "top_ids": order, "top": rounded(row[order]), "sampled_ids": samples, "sampled": rounded(row[samples])}


def prompt_golden(model, ids, rng):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    last = len(ids) - 1
    positions = sorted({0, last // 4, last // 2, last})
    vocabulary = logits.shape[1]
    return {"ids": ids, "rows": [at_position(logits[p], p, sorted(rng.choice(vocabulary, 64, replace=False).tolist())) for p in positions]}


def greedy_golden(model, ids, count):
    tokens, gaps, cache, feed = [], [], DynamicCache(), torch.tensor([ids])
    for _ in range(count):
        with torch.no_grad():
            out = model(feed, past_key_values=cache, use_cache=True)
        best = torch.topk(out.logits[0, -1], 2)
        tokens.append(best.indices[0].item())
        gaps.append((best.values[0] - best.values[1]).item())
        cache, feed = out.past_key_values, best.indices[:1][None]
    return {"ids": ids, "tokens": tokens, "gaps": rounded(gaps)}


def default_golden(gguf, folder):
    metadata, tensors = read_gguf(gguf)
    model, encode = default_model(metadata, tensors), encoder(metadata)
    rng = np.random.default_rng(1)
    prompts = []
    for length, text in PROMPTS:
        ids = encode(text)
        assert len(ids) >= length, (length, len(ids))
        prompts.append(prompt_golden(model, ids[:length], rng))
    write_json(folder / "float_default_model.json", {
        "sha256": hashlib.sha256(gguf.read_bytes()).hexdigest(), "transformers": transformers.__version__, "torch": torch.__version__,
        "prompts": prompts, "greedy": greedy_golden(model, encode(GREEDY_PROMPT), 64)})


# Odd sizes on purpose: vocabularies that are no multiple of 32, 5 heads, one KV head for all.
TINY = {
    "tiny_gqa_tied": dict(dtype=torch.float32, tokens=24, config=dict(
        vocab_size=70, hidden_size=32, intermediate_size=52, num_attention_heads=4, num_key_value_heads=2,
        tie_word_embeddings=True, rope_theta=10000.0)),
    "tiny_mha_untied": dict(dtype=torch.bfloat16, tokens=24, config=dict(
        vocab_size=75, hidden_size=40, intermediate_size=56, num_attention_heads=5, num_key_value_heads=5,
        tie_word_embeddings=False, rope_theta=500000.0, rms_norm_eps=1e-6)),
    "tiny_llama3_rope": dict(dtype=torch.float16, tokens=48, config=dict(
        vocab_size=66, hidden_size=48, intermediate_size=64, num_attention_heads=3, num_key_value_heads=1,
        tie_word_embeddings=True, rope_theta=500000.0, rope_scaling=dict(
            rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32))),
}


def tiny_golden(seed, name, spec, folder):
    torch.manual_seed(seed)
    # 0.3 instead of the usual 0.02: logits of order one, so that every part of a block shows in them.
    config = LlamaConfig(num_hidden_layers=2, max_position_embeddings=256, initializer_range=0.3,
                         bos_token_id=None, eos_token_id=None, **spec["config"])
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if "norm" in key:
                value.uniform_(0.5, 1.5)
    model.to(spec["dtype"]).save_pretrained(folder / name)
    # The stored, rounded weights, computed in float32. Loaded anew, because to() has rounded the
    # rotary frequencies as well.
    model = LlamaForCausalLM.from_pretrained(folder / name, torch_dtype=torch.float32).eval()
    ids = torch.randint(0, config.vocab_size, (spec["tokens"],))
    with torch.no_grad():
        logits = model(ids[None]).logits[0]
    (folder / name / "generation_config.json").unlink()
    write_json(folder / name / "golden.json", {"ids": ids.tolist(), "logits": [rounded(row) for row in logits]})


if __name__ == "__main__":
    gguf, folder = Path(sys.argv[1]), Path(sys.argv[2])
    for seed, (name, spec) in enumerate(TINY.items()):
        tiny_golden(seed, name, spec, folder)
    default_golden(gguf, folder)
