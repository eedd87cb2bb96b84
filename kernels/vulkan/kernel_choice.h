// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/kernel_memory.h"
#include "kernels/kernel_report.h"
#include "kernels/vulkan/product_shape.h"

#include <map>
#include <string>
#include <vector>

namespace bwla::vulkan {

class Device;
struct Machine;

/// VulkanOptions::kernels, automatic resolved. Throws KernelError{unknownOverride}.
[[nodiscard]] KernelMode kernelMode(const VulkanOptions& options, const VulkanDeviceInfo& info);
/// Whether kernels are checked when such a device is first used.
[[nodiscard]] bool checksKernels(const VulkanOptions& options, const VulkanDeviceInfo& info);

/// Which shape computes each product of a device. A shape is the device's default until plans are
/// recorded with measuring on: then the candidates of every product in them are timed once, cold
/// and with warm clocks, the fastest whose results are right is taken and remembered on disk.
class KernelChoice {
public:
    KernelChoice(const Device& device, const VulkanOptions& options);

    /// While it lives, products get their defaults and are not reported.
    class Unmeasured {
    public:
        explicit Unmeasured(KernelChoice& choice) : choice_(choice) { choice_.measuring_ = true; }
        ~Unmeasured() { choice_.measuring_ = false; }
        Unmeasured(const Unmeasured&) = delete;
        Unmeasured& operator=(const Unmeasured&) = delete;

    private:
        KernelChoice& choice_;
    };

    /// The shape to use. `standard` is the default: candidates are those of the same sort (joined
    /// products, one row, or not), and never less exact. Throws KernelError{wrongResult} where
    /// every candidate failed its check.
    [[nodiscard]] ProductShape choose(const ProductCase& what, const ProductShape& standard);
    /// A product that is computed in a way of its own, for the report.
    void note(const ProductCase& what, const ProductShape& shape);
    /// Something was asked for that is still to be measured: measure, and record again.
    [[nodiscard]] bool lacks() const { return !wanted_.empty(); }
    /// About a second and a half at most, whatever was asked for.
    void measure(Machine& machine);
    /// choose(), measured at once.
    [[nodiscard]] ProductShape measured(Machine& machine, const ProductCase& what,
                                        const ProductShape& standard);

    /// Results of this shader were wrong: it is used no more.
    void disable(const std::string& shader, const std::string& detail);
    [[nodiscard]] bool isDisabled(const std::string& shader) const;
    /// A group of kernels that the device was found to compute wrongly with (self_check.cpp).
    void avoid(const std::string& group, const std::string& detail);
    /// Remembers that every kernel in use was checked.
    void setChecked();
    [[nodiscard]] bool checked() const;
    [[nodiscard]] KernelMemory& memory() { return memory_; }
    [[nodiscard]] KernelReport report() const;

private:
    struct Use {
        ProductCase what;
        ProductShape shape;
        bool measured = false;
        int candidates = 0;
        double gbPerSecond = 0;
    };
    struct Wanted {
        std::string key;
        ProductCase what;
        ProductShape standard;
    };
    [[nodiscard]] std::vector<ProductShape> candidates(const ProductCase& what,
                                                       const ProductShape& standard) const;
    bool recall(const std::string& key, const std::vector<ProductShape>& candidates,
                Use& use) const;
    void measureAll(Machine& machine, const std::vector<Wanted>& wanted);

    const Device& device_;
    bool measures_;
    bool measuring_ = false; ///< see Unmeasured
    KernelMemory memory_;
    std::map<std::string, Use> uses_;
    std::vector<Wanted> wanted_;
    std::map<std::string, std::string> disabled_; ///< shader, what was wrong
    std::map<std::string, std::string> avoided_;
};

} // namespace bwla::vulkan
