// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/host_linear.h"
#include "kernels/vulkan/instance.h"

#include <string>
#include <vector>

namespace bwla::vulkan {

struct ProductCase {
    WeightKind kind = WeightKind::f32;
    bool levels = false; ///< signs with quantized input
    bool scaled = false; ///< its levels are times 4, 2, 1 (shaders/prepare.comp)
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    int batch = 1; ///< input rows of the plan
};

/// How one product is spread over the device: a shader and its constants.
struct ProductShape {
    std::string shader;
    std::uint32_t workgroup = 128;
    std::vector<std::uint32_t> constants; ///< from constant_id 2 on
    std::uint32_t tokens = 1;             ///< input rows a workgroup takes
    std::uint32_t groups = 1;
    bool decodeOnly =
        false; ///< gemv_levels: one input row, levels scaled (constants: lanes, rows, ..)

    /// "gemv_levels 256:8:2:5:41:1 x 400": workgroup, constants, groups.
    [[nodiscard]] std::string text() const;
};

/// "levels", "signs", "f16", "int8", "f32".
[[nodiscard]] std::string productKindName(const ProductCase& what);

/// Every shape that computes the product on such a device, for benchmarks to choose from.
[[nodiscard]] std::vector<ProductShape> productShapes(const Capabilities& capabilities,
                                                      const ProductCase& what);
/// The one that is used.
[[nodiscard]] ProductShape productShape(const Capabilities& capabilities, const ProductCase& what);

/// The one that is used where gemv_levels is not.
[[nodiscard]] ProductShape plainShape(const Capabilities& capabilities, const ProductCase& what);

} // namespace bwla::vulkan
