// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/backend.h"
#include "kernels/vulkan/device.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bwla::vulkan {

/// Timestamps between the dispatches of a plan, each naming the work that ended there. With a clock
/// reading the device finishes one piece of work before it starts the next.
class WorkClock {
public:
    /// Throws KernelError{unsupported} where the device has no timestamps.
    explicit WorkClock(std::shared_ptr<const Device> device);
    ~WorkClock();
    WorkClock(const WorkClock&) = delete;
    WorkClock& operator=(const WorkClock&) = delete;

    /// A command buffer begins: the first of a plan resets all readings.
    void begin(VkCommandBuffer commands);
    /// `work` has been recorded and reads so many bytes of weights.
    void mark(VkCommandBuffer commands, const std::string& work, std::int64_t weightBytes);
    /// Of the last run.
    [[nodiscard]] std::vector<WorkTime> read() const;

private:
    struct Reading {
        std::size_t work; ///< index into works_; the start of a command buffer has none
        std::int64_t bytes;
    };
    void stamp(VkCommandBuffer commands, Reading reading);

    std::shared_ptr<const Device> device_;
    VkQueryPool pool_ = nullptr;
    std::vector<std::string> works_;
    std::vector<Reading> readings_;
};

} // namespace bwla::vulkan
