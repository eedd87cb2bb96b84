# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the goldens of the model reader: values of the default model's tensors as numpy decodes them.

    python3 tensor_goldens.py MODEL.gguf ../data      (packages: numpy of requirements-text.txt)

MODEL.gguf is the default model (design 7). Writes tensors_smollm2.json: per tensor its Hugging Face
name and shape, sum and sum of squares in float64, and 24 values at pseudo-random places; and what
Hugging Face's rotary embedding would use, for the two scalings that GGUF files carry.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from gguf_numpy import read_gguf

LAYER = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def hugging_face_rows(values, heads):
    """Undoes the row order of GGUF's q and k: (head, pair, half) -> (head, half, pair)."""
    rows, cols = values.shape
    return values.reshape(heads, rows // heads // 2, 2, cols).swapaxes(1, 2).reshape(rows, cols)


def golden(values, places):
    flat = values.astype("f8").ravel()
    index = places.integers(0, flat.size, 24)
    return {
        "shape": list(values.shape),
        "sum": float(flat.sum()),
        "squares": float((flat * flat).sum()),
        "index": index.tolist(),
        "values": [float(v) for v in flat[index]],
    }


def llama3_frequencies(head_dim, theta, factor, low, high, original):
    """As transformers computes them for rope_type "llama3"."""
    plain = theta ** -(np.arange(0, head_dim, 2, dtype="f8") / head_dim)
    wave = 2 * np.pi / plain
    smooth = (original / wave - low) / (high - low)
    ramp = (1 - smooth) * plain / factor + smooth * plain
    scaled = np.where(wave > original / low, plain / factor, np.where(wave < original / high, plain, ramp))
    return {"head_dim": head_dim, "theta": theta, "factor": factor, "low": low, "high": high, "original": original,
            "plain": plain.tolist(), "scaled": scaled.tolist()}


def main(model, folder):
    metadata, tensors = read_gguf(Path(model))
    heads = {"attn_q": metadata["llama.attention.head_count"], "attn_k": metadata["llama.attention.head_count_kv"]}
    places = np.random.default_rng(1)
    goldens = {
        "model.embed_tokens.weight": golden(tensors["token_embd.weight"], places),
        "model.norm.weight": golden(tensors["output_norm.weight"], places),
    }
    for layer in (0, 13, 29):
        for gguf, name in LAYER.items():
            values = tensors[f"blk.{layer}.{gguf}.weight"]
            if gguf in heads:
                values = hugging_face_rows(values, heads[gguf])
            goldens[f"model.layers.{layer}.{name}.weight"] = golden(values, places)
    result = {
        "model_sha256": hashlib.sha256(Path(model).read_bytes()).hexdigest(),
        "tensors": goldens,
        "llama3": [llama3_frequencies(128, 500000.0, 8.0, 1.0, 4.0, 8192), llama3_frequencies(64, 500000.0, 32.0, 1.0, 4.0, 8192)],
    }
    path = Path(folder) / "tensors_smollm2.json"
    path.write_text(json.dumps(result, separators=(",", ":"), sort_keys=True) + "\n")
    print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main(*sys.argv[1:])
