#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# bwla beside llama.cpp on this machine's processor, in one run: both programs take turns, so that a
# slow minute of a shared machine meets both. llama-bench comes from the source inside the package
# llama-cpp-python, built for this processor.
#
#   tests/comparisons/llama_cpp.sh MODEL.gguf QUANTIZED_FOLDER [work folder] [rounds]
#
# F16, Q8_0, Q4_0 and TQ2_0 are made from MODEL by llama-quantize. From a Q4_1 file they are quantized
# twice; that costs quality, which is not measured here, and no speed.
set -euo pipefail
model=$(realpath "$1")
quantized=$(realpath "$2")
work=${3:-build/llama_cpp}
rounds=${4:-3}
bwla=$(realpath "${BWLA:-build/release/bin/bwla}")
threads=${THREADS:-$(nproc)}
formats=(F16 Q8_0 Q4_0 TQ2_0)

mkdir -p "$work"
cd "$work"
if [[ ! -x llama-bench ]]; then
  python3 -m pip download --no-binary :all: --no-deps llama-cpp-python
  tar xzf llama_cpp_python-*.tar.gz
  cmake -S llama_cpp_python-*/vendor/llama.cpp -B llama -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_EXAMPLES=OFF >/dev/null
  cmake --build llama --target llama-bench llama-quantize
  ln -sf llama/bin/llama-bench llama/bin/llama-quantize .
fi
for format in "${formats[@]}"; do
  [[ -f $format.gguf ]] || ./llama-quantize --allow-requantize "$model" "$format.gguf" "$format" &>"$format.log"
done

for ((round = 0; round < rounds; ++round)); do
  for format in "${formats[@]}"; do
    ./llama-bench -m "$format.gguf" -t "$threads" -p 512 -n 128 -r 2 2>/dev/null | grep -E 'pp512|tg128'
  done
  for bench in "$quantized" "$model"; do
    "$bwla" bench "$bench" --backend cpu --threads "$threads" -r 2 | grep -E 'pp512|tg128'
  done
done
