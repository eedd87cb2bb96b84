// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/product_shape.h"

#include <algorithm>

namespace bwla::vulkan {
namespace {

constexpr std::uint32_t mostGroups = 65535; // what every device takes in one dimension
constexpr std::uint32_t teamWithoutSubgroups = 32;

std::string shaderName(const Capabilities& capabilities, const ProductCase& what) {
    std::string name = "linear_";
    switch (what.kind) {
    case WeightKind::f32:
        name += "f32";
        break;
    case WeightKind::f16:
        name += "f16";
        break;
    case WeightKind::rowInt8:
        name += "int8";
        break;
    case WeightKind::binary:
        name += what.levels ? "levels" : "signs";
        break;
    }
    if (what.levels && capabilities.integerDot)
        name += "_dot";
    return name + (capabilities.subgroupArithmetic ? "_subgroups" : "");
}

} // namespace

std::string ProductShape::text() const {
    return shader + " " + std::to_string(workgroup) + "x" + std::to_string(rows) + "x" +
           std::to_string(tokens);
}

ProductShape productShape(const Capabilities& capabilities, const ProductCase& what) {
    ProductShape shape;
    shape.shader = shaderName(capabilities, what);
    shape.tokens = what.batch == 1 ? 1 : 8;
    shape.rows = what.batch == 1 && what.rows < 4096 ? 1 : 2;
    const std::uint32_t team =
        capabilities.subgroupArithmetic ? capabilities.subgroupSize : teamWithoutSubgroups;
    const std::int64_t perGroup = std::int64_t{shape.workgroup} / team * shape.rows;
    shape.groups = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>((what.rows + perGroup - 1) / perGroup, 1, mostGroups));
    return shape;
}

} // namespace bwla::vulkan
