// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/work_clock.h"

#include "kernels/kernel_error.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace bwla::vulkan {
namespace {

constexpr std::uint32_t mostReadings = 8192; // a decode step of 64 layers has about a thousand
constexpr std::size_t start = std::numeric_limits<std::size_t>::max();

} // namespace

WorkClock::WorkClock(std::shared_ptr<const Device> device) : device_(std::move(device)) {
    if (!device_->capabilities().timestamps)
        throw KernelError(KernelErrorCode::unsupported, device_->info().name,
                          "it has no timestamps");
    VkQueryPoolCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    create.queryType = VK_QUERY_TYPE_TIMESTAMP;
    create.queryCount = mostReadings;
    check(device_->api().CreateQueryPool(device_->handle(), &create, nullptr, &pool_),
          "a query pool");
}

WorkClock::~WorkClock() {
    device_->api().DestroyQueryPool(device_->handle(), pool_, nullptr);
}

void WorkClock::stamp(VkCommandBuffer commands, Reading reading) {
    if (readings_.size() == mostReadings)
        return;
    device_->api().CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, pool_,
                                     static_cast<std::uint32_t>(readings_.size()));
    readings_.push_back(reading);
}

void WorkClock::begin(VkCommandBuffer commands) {
    if (readings_.empty())
        device_->api().CmdResetQueryPool(commands, pool_, 0, mostReadings);
    stamp(commands, {start, 0});
}

void WorkClock::mark(VkCommandBuffer commands, const std::string& work, std::int64_t weightBytes) {
    const auto found = std::ranges::find(works_, work);
    const auto index = static_cast<std::size_t>(found - works_.begin());
    if (found == works_.end())
        works_.push_back(work);
    stamp(commands, {index, weightBytes});
}

std::vector<WorkTime> WorkClock::read() const {
    std::vector<std::uint64_t> ticks(readings_.size());
    check(device_->api().GetQueryPoolResults(
              device_->handle(), pool_, 0, static_cast<std::uint32_t>(ticks.size()),
              ticks.size() * sizeof ticks[0], ticks.data(), sizeof ticks[0],
              VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
          "reading timestamps");
    std::vector<WorkTime> times;
    for (const std::string& work : works_)
        times.push_back({.work = work});
    const double microseconds = 1e-3 * device_->capabilities().timestampNanoseconds;
    for (std::size_t i = 1; i < readings_.size(); ++i) {
        if (readings_[i].work == start)
            continue;
        WorkTime& time = times[readings_[i].work];
        ++time.calls;
        time.microseconds += microseconds * static_cast<double>(ticks[i] - ticks[i - 1]);
        time.weightBytes += readings_[i].bytes;
    }
    return times;
}

} // namespace bwla::vulkan
