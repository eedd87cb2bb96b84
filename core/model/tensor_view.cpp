// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/tensor_view.h"

#include "core/model/checked.h"

namespace bwla {
namespace {

struct Layout {
    const char* name;
    std::int64_t blockElements;
    std::int64_t blockBytes;
};

// Block sizes of the q types: ggml, src/ggml-common.h (half scale, half minimum, packed values).
Layout layout(DType type) {
    switch (type) {
    case DType::f32:
        return {"F32", 1, 4};
    case DType::f16:
        return {"F16", 1, 2};
    case DType::bf16:
        return {"BF16", 1, 2};
    case DType::i8:
        return {"I8", 1, 1};
    case DType::u32:
        return {"U32", 1, 4};
    case DType::q8_0:
        return {"Q8_0", 32, 2 + 32};
    case DType::q4_0:
        return {"Q4_0", 32, 2 + 16};
    case DType::q4_1:
        return {"Q4_1", 32, 2 + 2 + 16};
    }
    return {"?", 1, 0};
}

} // namespace

const char* dtypeName(DType type) {
    return layout(type).name;
}

std::int64_t dtypeBlock(DType type) {
    return layout(type).blockElements;
}

std::int64_t dtypeBytes(DType type, std::int64_t elements) {
    const Layout l = layout(type);
    return elements / l.blockElements * l.blockBytes;
}

std::optional<std::int64_t> checkedElements(std::span<const std::int64_t> shape) {
    std::optional<std::int64_t> product = 1;
    for (const std::int64_t side : shape) {
        if (side < 0 || !product)
            return std::nullopt;
        product = checkedMultiply(*product, side);
    }
    // so that the size in bytes fits as well, whatever the type
    return product && *product <= INT64_MAX / 8 ? product : std::nullopt;
}

std::int64_t TensorView::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t side : shape)
        product *= side;
    return product;
}

} // namespace bwla
