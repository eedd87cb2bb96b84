// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/tensor_reader.h"

#include <algorithm>
#include <cmath>

namespace bwla {

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t side : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(side);
    return text.empty() ? "a scalar" : text;
}

void TensorReader::refuse(const std::string& name, const std::string& complaint) const {
    throw Error(ErrorCode::corrupt).in(file_.path().string()).of(name).because(complaint);
}

void TensorReader::badShape(const std::string& name, const std::string& complaint) const {
    throw Error(ErrorCode::badShape).in(file_.path().string()).of(name).because(complaint);
}

const TensorView& TensorReader::check(const std::string& name, DType type,
                                      const std::vector<std::int64_t>& shape) const {
    const TensorView& view = file_.at(name);
    if (view.type != type)
        throw Error(ErrorCode::unsupportedType)
            .in(file_.path().string())
            .of(name)
            .because(std::string(dtypeName(view.type)) + " instead of " + dtypeName(type));
    if (view.shape != shape)
        badShape(name, "it is " + shapeText(view.shape) + " instead of " + shapeText(shape));
    return view;
}

std::vector<std::uint16_t> TensorReader::halves(const std::string& name,
                                                const std::vector<std::int64_t>& shape,
                                                DType type) const {
    auto values = read<std::uint16_t>(name, type, shape);
    const unsigned exponent = type == DType::bf16 ? 0x7F80U : 0x7C00U;
    if (std::ranges::any_of(values, [&](std::uint16_t v) { return (v & exponent) == exponent; }))
        refuse(name, "it holds a value that is not finite");
    return values;
}

std::vector<float> TensorReader::floats(const std::string& name,
                                        const std::vector<std::int64_t>& shape) const {
    auto values = read<float>(name, DType::f32, shape);
    if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
        refuse(name, "it holds a value that is not finite");
    return values;
}

} // namespace bwla
