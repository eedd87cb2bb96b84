// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bwla {

/// Element types that files may hold and this project reads. Block types as in ggml.
enum class DType : std::uint8_t { f32, f16, bf16, i8, u32, q8_0, q4_0, q4_1 };

[[nodiscard]] const char* dtypeName(DType type);
/// Bytes of `elements` values; elements is a multiple of the block (32) for q types.
[[nodiscard]] std::int64_t dtypeBytes(DType type, std::int64_t elements);
/// Elements of one block: 32 for q types, else 1. A row holds whole blocks.
[[nodiscard]] std::int64_t dtypeBlock(DType type);
/// Product of a shape read from a file; nothing for a negative side or where 64 bits could not
/// hold the size in bytes.
[[nodiscard]] std::optional<std::int64_t> checkedElements(std::span<const std::int64_t> shape);

/// One tensor of a mapped file. Valid while the file object lives. Shape is row-major, slowest
/// first, as in Hugging Face: a linear weight is {outputs, inputs}.
struct TensorView {
    std::string name;
    DType type = DType::f32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;

    [[nodiscard]] std::int64_t elements() const;
};

} // namespace bwla
