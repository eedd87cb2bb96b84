// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/product_shape.h"
#include "kernels/vulkan/vulkan_plan.h"

#include <deque>

namespace bwla::vulkan {

/// One product with a prepared input, of which any shape can be timed and checked.
class ProductRig {
public:
    /// bits: of the input, 16 = float.
    ProductRig(Machine& machine, std::deque<DeviceWeights> weights, int bits, int batch);

    [[nodiscard]] const ProductCase& what() const { return what_; }
    [[nodiscard]] const DeviceWeights& weight() const { return weights_.front(); }
    /// The product with copy `index` of the weights, modulo their number.
    void encode(CommandWriter& writer, const ProductShape& shape, int index);
    /// Prepares x (batch x cols), and says to indirect dispatches how many rows there are.
    void prepare(const std::vector<float>& x);
    /// Forgets what was computed, so that a kernel that does nothing cannot pass for another.
    void clear();
    /// Batch x rows values.
    [[nodiscard]] std::vector<float> out() const;

private:
    std::deque<DeviceWeights> weights_;
    DeviceInputs input_;
    VulkanPlan plan_;
    Buffer in_, out_;
    Prepared prepared_;
    ProductCase what_;
};

/// The same product through the public interface of any backend.
[[nodiscard]] std::vector<float> exactProduct(Backend& backend, const HostLinear& linear,
                                              const std::vector<float>& x, int bits);

/// Largest difference from the exact product, relative to its largest value, that such a shape may
/// have: matrix units read originals' inputs as halves.
[[nodiscard]] double toleranceOf(const ProductShape& shape);

} // namespace bwla::vulkan
