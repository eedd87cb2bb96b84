// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/product_shape.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace bwla::vulkan {
namespace {

constexpr std::uint32_t mostGroups = 65535; // what every device takes in one dimension
constexpr std::uint32_t teamWithoutSubgroups = 32;
constexpr std::uint32_t gemvProjectionBytes = 2 * 64 * 4; // gemv_levels.comp, projections

constexpr std::int64_t manyRows = 65536; // enough of them to hide any latency behind each other

std::uint32_t groupsFor(std::int64_t rows, std::int64_t rowsPerGroup) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>((rows + rowsPerGroup - 1) / rowsPerGroup, 1, mostGroups));
}

std::string shaderName(const char* algorithm, const Capabilities& capabilities,
                       const ProductCase& what) {
    const bool dot = what.levels && capabilities.integerDot;
    return std::string(algorithm) + "_" + productKindName(what) + (dot ? "_dot" : "");
}

/// linear.comp: `rows` weight rows a team of lanes, `tokens` input rows a workgroup.
ProductShape linearShape(const Capabilities& capabilities, const ProductCase& what,
                         std::uint32_t workgroup, std::uint32_t tokens, std::uint32_t rows) {
    ProductShape shape;
    shape.shader = shaderName("linear", capabilities, what) +
                   (capabilities.subgroupArithmetic ? "_subgroups" : "");
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
    const std::uint32_t rowsPerGroup = gemv.workgroup / gemv.lanesPerRow * gemv.rows;
    const bool fits = what.levels && what.scaled && what.batch == 1 && capabilities.integerDot &&
                      capabilities.subgroupShuffle &&
                      128 * pitch + gemvProjectionBytes <= capabilities.sharedBytes &&
                      gemv.workgroup <= capabilities.invocations &&
                      gemv.lanesPerRow <= capabilities.subgroupSize &&
                      gemv.rows <= gemv.lanesPerRow && what.rows <= rowsPerGroup * mostGroups;
    if (!fits)
        return std::nullopt;
    ProductShape shape;
    shape.shader = "gemv_levels";
    shape.workgroup = gemv.workgroup;
    const bool early = what.rows < manyRows;
    shape.constants = {gemv.lanesPerRow, gemv.rows, gemv.ahead, pitch, early ? 1U : 0U};
    shape.groups = groupsFor(what.rows, rowsPerGroup);
    shape.decodeOnly = true;
    return shape;
}

/// tile_levels.comp, tile_floats.comp: 16 * rows weight rows by 16 * tokens input rows a workgroup.
ProductShape tileShape(const Capabilities& capabilities, const ProductCase& what,
                       std::uint32_t tokens, std::uint32_t rows) {
    ProductShape shape;
    shape.shader = shaderName("tile", capabilities, what);
    shape.workgroup = 256;
    shape.tokens = 16 * tokens;
    shape.constants = {tokens, rows};
    shape.groups = groupsFor(what.rows, std::int64_t{16} * rows);
    return shape;
}

/// tile_matrix.comp: 32 * rows weight rows by 128 input rows a workgroup; rows 1, 2 or 4.
std::optional<ProductShape> matrixShape(const Capabilities& capabilities, const ProductCase& what,
                                        std::uint32_t rows) {
    const bool can = what.levels ? capabilities.matrixLevels && capabilities.integerDot
                                 : what.kind == WeightKind::f16 && capabilities.matrixHalves;
    const std::uint32_t shared = (32 * rows + 128) * 9 * 16 + 8 * 1024;
    if (!can || what.batch < 16 || shared > capabilities.sharedBytes)
        return std::nullopt;
    ProductShape shape;
    shape.shader = shaderName("matrix", capabilities, what) + "_" + std::to_string(rows);
    shape.workgroup = 256;
    shape.tokens = 128;
    shape.groups = groupsFor(what.rows, std::int64_t{32} * rows);
    return shape;
}

/// Measured on an H200, see docs/performance.md: more rows a lane where there are rows enough for
/// every multiprocessor, more lanes a row where there are not.
GemvShape defaultGemv(const ProductCase& what) {
    if (what.rows >= manyRows)
        return {128, 8, 2, 5};
    if (what.rows >= 8192)
        return {128, 8, 2, 2};
    const std::int64_t pieces = piecesOf(what);
    return pieces >= 160  ? GemvShape{256, 16, 1, 2}
           : pieces >= 64 ? GemvShape{128, 16, 1, 2}
                          : GemvShape{128, 8, 1, 5};
}

std::vector<GemvShape> gemvChoices() {
    std::vector<GemvShape> choices;
    for (const std::uint32_t workgroup : {128U, 256U})
        for (const std::uint32_t rows : {1U, 2U, 4U})
            for (const std::uint32_t ahead : {2U, 5U})
                choices.push_back({workgroup, 8, rows, ahead});
    // Long rows: more lanes a row, and fewer workgroups that copy the levels.
    for (const std::uint32_t workgroup : {128U, 256U, 512U})
        for (const std::uint32_t lanes : {16U, 32U})
            for (const std::uint32_t rows : {1U, 2U})
                choices.push_back({workgroup, lanes, rows, 2});
    choices.push_back({512, 8, 4, 2});
    choices.push_back({256, 16, 2, 4});
    return choices;
}

using Tile = std::pair<std::uint32_t, std::uint32_t>; // tokens, rows

std::vector<Tile> levelTiles() {
    return {{2, 1}, {2, 2}, {4, 2}, {4, 4}, {8, 4}, {4, 8}};
}

std::vector<Tile> floatTiles() { // multiples of 4: every invocation brings 8 columns at a time
    return {{4, 4}, {8, 4}, {4, 8}};
}

} // namespace

std::string productKindName(const ProductCase& what) {
    switch (what.kind) {
    case WeightKind::f32:
        return "f32";
    case WeightKind::f16:
        return "f16";
    case WeightKind::rowInt8:
        return "int8";
    default:
        return what.levels ? "levels" : "signs";
    }
}

std::string ProductShape::text() const {
    std::string text = shader + " " + std::to_string(workgroup);
    for (const std::uint32_t constant : constants)
        text += ":" + std::to_string(constant);
    return text + " x " + std::to_string(groups);
}

std::vector<ProductShape> productShapes(const Capabilities& capabilities, const ProductCase& what) {
    std::vector<ProductShape> shapes;
    for (const GemvShape& choice : gemvChoices())
        if (const auto shape = gemvShape(capabilities, what, choice))
            shapes.push_back(*shape);
    if (what.batch > 1)
        for (const auto& [tokens, rows] : what.levels ? levelTiles() : floatTiles())
            shapes.push_back(tileShape(capabilities, what, tokens, rows));
    for (const std::uint32_t rows : {1U, 2U, 4U})
        if (const auto shape = matrixShape(capabilities, what, rows))
            shapes.push_back(*shape);
    const auto tokenChoices =
        what.batch == 1 ? std::vector<std::uint32_t>{1} : std::vector<std::uint32_t>{4, 8};
    for (const std::uint32_t workgroup : {128U, 256U})
        for (const std::uint32_t tokens : tokenChoices)
            for (const std::uint32_t rows : {1U, 2U, 4U})
                shapes.push_back(linearShape(capabilities, what, workgroup, tokens, rows));
    return shapes;
}

ProductShape productShape(const Capabilities& capabilities, const ProductCase& what) {
    for (const GemvShape& gemv : {defaultGemv(what), GemvShape{128, 8, 1, 5}})
        if (const auto shape = gemvShape(capabilities, what, gemv))
            return *shape;
    return plainShape(capabilities, what);
}

ProductShape plainShape(const Capabilities& capabilities, const ProductCase& what) {
    // Few rows make few tiles, and a tile's steps wait for each other: small ones do better then
    // (1024 x 5120 by 128: 47 us on an H200 with rows 1). Two rows or four: docs/performance.md.
    if (what.rows >= (what.levels ? 2048 : 4096)) {
        const std::uint32_t rows = what.rows < 4096 ? 1 : what.levels || what.rows < 16384 ? 2 : 4;
        if (const auto shape = matrixShape(capabilities, what, rows))
            return *shape;
    }
    // A batch of a wide product has tiles enough for every multiprocessor.
    if (what.batch >= 16 && what.rows >= 4096)
        return tileShape(capabilities, what, what.levels && what.batch >= 128 ? 8 : 4, 4);
    if (what.batch >= 16 && what.levels)
        return tileShape(capabilities, what, 2, 1);
    const bool one = what.batch == 1;
    return linearShape(capabilities, what, 128, one ? 1 : 8, one && what.rows < 4096 ? 1 : 2);
}

} // namespace bwla::vulkan
