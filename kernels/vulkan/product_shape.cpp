// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/product_shape.h"

#include <algorithm>
#include <array>
#include <optional>

namespace bwla::vulkan {
namespace {

constexpr std::uint32_t mostGroups = 65535; // what every device takes in one dimension
constexpr std::uint32_t teamWithoutSubgroups = 32;

std::uint32_t groupsFor(std::int64_t rows, std::int64_t rowsPerGroup) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>((rows + rowsPerGroup - 1) / rowsPerGroup, 1, mostGroups));
}

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

/// linear.comp: `rows` weight rows a team of lanes, `tokens` input rows a workgroup.
ProductShape linearShape(const Capabilities& capabilities, const ProductCase& what,
                         std::uint32_t workgroup, std::uint32_t tokens, std::uint32_t rows) {
    ProductShape shape;
    shape.shader = shaderName(capabilities, what);
    shape.workgroup = workgroup;
    shape.tokens = tokens;
    shape.constants = {tokens, rows};
    const std::uint32_t team =
        capabilities.subgroupArithmetic ? capabilities.subgroupSize : teamWithoutSubgroups;
    shape.groups = groupsFor(what.rows, std::int64_t{workgroup} / team * rows);
    return shape;
}

struct GemvShape {
    std::uint32_t workgroup, lanesPerRow, rows, ahead;
};

std::int64_t piecesOf(const ProductCase& what) {
    return (what.cols + 127) / 128;
}

/// gemv_levels.comp, where the device can run it on such a product.
std::optional<ProductShape> gemvShape(const Capabilities& capabilities, const ProductCase& what,
                                      const GemvShape& gemv) {
    const auto pitch = static_cast<std::uint32_t>(piecesOf(what) | 1);
    const bool fits = what.levels && what.scaled && what.batch == 1 && capabilities.integerDot &&
                      capabilities.subgroupShuffle && 128 * pitch <= capabilities.sharedBytes &&
                      gemv.lanesPerRow <= capabilities.subgroupSize &&
                      gemv.rows <= gemv.lanesPerRow;
    if (!fits)
        return std::nullopt;
    ProductShape shape;
    shape.shader = "gemv_levels";
    shape.workgroup = gemv.workgroup;
    shape.constants = {gemv.lanesPerRow, gemv.rows, gemv.ahead, pitch};
    shape.groups =
        groupsFor(what.rows, std::int64_t{gemv.workgroup} / gemv.lanesPerRow * gemv.rows);
    shape.decodeOnly = true;
    return shape;
}

/// As many lanes on a row as its pieces keep busy.
GemvShape defaultGemv(const ProductCase& what) {
    if (piecesOf(what) <= 64)
        return {256, 8, what.rows >= 8192 ? 2U : 1U, 5};
    return {256, 16, 2, 5};
}

std::vector<GemvShape> gemvChoices() {
    std::vector<GemvShape> choices;
    for (const std::uint32_t workgroup : {128U, 256U, 512U})
        for (const std::uint32_t lanes : {8U, 16U, 32U})
            for (const std::uint32_t rows : {1U, 2U, 4U})
                for (const std::uint32_t ahead : {2U, 5U})
                    choices.push_back({workgroup, lanes, rows, ahead});
    return choices;
}

} // namespace

std::string ProductShape::text() const {
    std::string text = shader + " " + std::to_string(workgroup);
    for (const std::uint32_t constant : constants)
        text += ":" + std::to_string(constant);
    return text;
}

std::vector<ProductShape> productShapes(const Capabilities& capabilities, const ProductCase& what) {
    std::vector<ProductShape> shapes;
    for (const GemvShape& choice : gemvChoices())
        if (const auto shape = gemvShape(capabilities, what, choice))
            shapes.push_back(*shape);
    const auto tokenChoices =
        what.batch == 1 ? std::vector<std::uint32_t>{1} : std::vector<std::uint32_t>{4, 8, 16};
    for (const std::uint32_t workgroup : {128U, 256U})
        for (const std::uint32_t tokens : tokenChoices)
            for (const std::uint32_t rows : {1U, 2U, 4U})
                shapes.push_back(linearShape(capabilities, what, workgroup, tokens, rows));
    return shapes;
}

ProductShape productShape(const Capabilities& capabilities, const ProductCase& what) {
    if (const auto shape = gemvShape(capabilities, what, defaultGemv(what)))
        return *shape;
    const bool one = what.batch == 1;
    return linearShape(capabilities, what, 128, one ? 1 : 8, one && what.rows < 4096 ? 1 : 2);
}

} // namespace bwla::vulkan
