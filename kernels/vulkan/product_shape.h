// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/host_linear.h"
#include "kernels/vulkan/instance.h"

#include <string>

namespace bwla::vulkan {

struct ProductCase {
    WeightKind kind = WeightKind::f32;
    bool levels = false; ///< signs with quantized input
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    int batch = 1;
};

/// How one product is spread over the device: shader variant of linear.comp and its constants.
struct ProductShape {
    std::string shader;
    std::uint32_t workgroup = 128;
    std::uint32_t tokens = 1; ///< input rows a workgroup takes
    std::uint32_t rows = 1;   ///< weight rows a team of invocations takes at a time
    std::uint32_t groups = 1;

    /// "linear_levels_dot_subgroups 128x2x1": workgroup, weight rows, input rows.
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] ProductShape productShape(const Capabilities& capabilities, const ProductCase& what);

} // namespace bwla::vulkan
