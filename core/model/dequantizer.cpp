// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/dequantizer.h"

#include "core/error.h"
#include "core/model/half.h"

#include <cstring>

namespace bwla {
namespace {

constexpr std::size_t blockSize = 32;

template<class T>
T load(const std::byte* at) {
    T value{};
    std::memcpy(&value, at, sizeof value); // tensor bytes need not be aligned
    return value;
}

float loadHalf(const std::byte* at) {
    return halfToFloat(load<std::uint16_t>(at));
}

template<class T, class Convert>
void convertEach(std::span<const std::byte> bytes, std::span<float> out, Convert convert) {
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = convert(load<T>(bytes.data() + i * sizeof(T)));
}

/// Calls block(bytes of one block, its 32 values).
template<std::size_t blockBytes, class Block>
void convertBlocks(std::span<const std::byte> bytes, std::span<float> out, Block block) {
    for (std::size_t b = 0; b < out.size() / blockSize; ++b)
        block(bytes.data() + b * blockBytes, out.data() + b * blockSize);
}

void q8Block(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t i = 0; i < blockSize; ++i)
        out[i] = d * static_cast<float>(std::to_integer<std::int8_t>(block[2 + i]));
}

/// Low nibbles are values 0..15 of the block, high nibbles values 16..31.
template<class Value>
void nibbles(const std::byte* packed, float* out, Value value) {
    for (std::size_t i = 0; i < blockSize / 2; ++i) {
        const auto pair = std::to_integer<unsigned>(packed[i]);
        out[i] = value(static_cast<float>(pair & 15U));
        out[i + blockSize / 2] = value(static_cast<float>(pair >> 4U));
    }
}

void q40Block(const std::byte* block, float* out) {
    nibbles(block + 2, out, [d = loadHalf(block)](float q) { return d * (q - 8.0F); });
}

void q41Block(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    const float m = loadHalf(block + 2);
    nibbles(block + 4, out, [d, m](float q) {
        const float product =
            d * q; // q <= 15 times an 11-bit half is exact: contraction is harmless
        return product + m;
    });
}

} // namespace

std::vector<float> dequantize(const TensorView& tensor) {
    std::vector<float> out(static_cast<std::size_t>(tensor.elements()));
    switch (tensor.type) {
    case DType::f32:
        convertEach<float>(tensor.bytes, out, [](float v) { return v; });
        break;
    case DType::f16:
        convertEach<std::uint16_t>(tensor.bytes, out, halfToFloat);
        break;
    case DType::bf16:
        convertEach<std::uint16_t>(tensor.bytes, out, bfloat16ToFloat);
        break;
    case DType::i8:
        convertEach<std::int8_t>(tensor.bytes, out,
                                 [](std::int8_t v) { return static_cast<float>(v); });
        break;
    case DType::q8_0:
        convertBlocks<34>(tensor.bytes, out, q8Block);
        break;
    case DType::q4_0:
        convertBlocks<18>(tensor.bytes, out, q40Block);
        break;
    case DType::q4_1:
        convertBlocks<20>(tensor.bytes, out, q41Block);
        break;
    case DType::u32:
        throw Error(ErrorCode::unsupportedType).of(tensor.name).because(dtypeName(tensor.type));
    }
    return out;
}

} // namespace bwla
