// SPDX-License-Identifier: GPL-3.0-or-later
//
// Work timed by the device's own clock.
#pragma once

#include "kernels/vulkan/command_writer.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace bwla::vulkan {

/// A GPU runs at full clocks after so much work, and lowers them while a pipeline is compiled
/// (docs/performance.md).
inline constexpr double warmUpSeconds = 0.1;

/// `count` calls of record(writer, index) in one command buffer, a barrier before each so that none
/// overlap, between two timestamps. Throws KernelError{unsupported} where the device has none.
class TimedCommands {
public:
    using Record = std::function<void(CommandWriter& writer, int index)>;
    TimedCommands(Machine& machine, int count, const Record& record);
    ~TimedCommands();
    TimedCommands(const TimedCommands&) = delete;
    TimedCommands& operator=(const TimedCommands&) = delete;

    /// Submits once: microseconds of one call.
    double once() const;
    /// Warms up, then submits for so many seconds and at least five times.
    [[nodiscard]] std::vector<double> run(double seconds) const;

private:
    Machine& machine_;
    int count_;
    VkQueryPool pool_ = nullptr;
    std::vector<VkCommandBuffer> commands_;
};

/// GB/s, bytes read and written, of a copy of up to `bytes` within the device's memory.
[[nodiscard]] double copyRoof(Machine& machine, std::int64_t bytes, double seconds);

} // namespace bwla::vulkan
