// SPDX-License-Identifier: GPL-3.0-or-later
//
// Candidates for a product, timed against each other on weights like the model's.
#pragma once

#include "kernels/vulkan/product_rig.h"
#include "kernels/vulkan/timed_commands.h"

#include <functional>
#include <memory>
#include <vector>

namespace bwla::vulkan {

struct TrialResult {
    ProductShape shape;
    int candidates = 0; ///< that were timed
    double gbPerSecond = 0;
};

/// All products of a plan at once, so that clocks are raised once and nothing is compiled between
/// two timings (docs/performance.md). Compiling is what takes long: candidates for which there is
/// no time left are not looked at; the default and one more always are.
class KernelTrials {
public:
    explicit KernelTrials(Machine& machine);
    ~KernelTrials();
    KernelTrials(const KernelTrials&) = delete;
    KernelTrials& operator=(const KernelTrials&) = delete;

    /// The first shape is the default, which stays unless another is 3 % faster.
    void add(const ProductCase& what, const std::vector<ProductShape>& shapes);
    /// Times everything. Returns the roof (copyRoof) where it was wanted, else 0.
    double run(bool wantsRoof);

    using Wrong = std::function<void(const ProductShape& shape, const std::string& detail)>;
    /// The fastest of trial `index` whose results are right; `wrong` hears of those that are not.
    /// Throws KernelError{wrongResult} where none is.
    [[nodiscard]] TrialResult best(std::size_t index, const Wrong& wrong);

private:
    struct Trial;
    void compile();
    Machine& machine_;
    std::vector<std::unique_ptr<Trial>> trials_;
};

} // namespace bwla::vulkan
