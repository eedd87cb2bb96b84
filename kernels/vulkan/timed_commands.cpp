// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/timed_commands.h"

#include "kernels/kernel_error.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace bwla::vulkan {

TimedCommands::TimedCommands(Machine& machine, int count, const Record& record)
    : machine_(machine), count_(count) {
    if (!machine.device->capabilities().timestamps)
        throw KernelError(KernelErrorCode::unsupported, machine.device->info().name,
                          "it has no timestamps");
    VkQueryPoolCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    create.queryType = VK_QUERY_TYPE_TIMESTAMP;
    create.queryCount = 2;
    const DeviceApi& api = machine.device->api();
    check(api.CreateQueryPool(machine.device->handle(), &create, nullptr, &pool_), "a query pool");
    try {
        CommandWriter writer(machine, 0);
        writer.resetQueries(pool_, 2);
        writer.barrier();
        writer.timestamp(pool_, 0);
        for (int i = 0; i < count; ++i) {
            writer.barrier();
            record(writer, i);
        }
        writer.barrier();
        writer.timestamp(pool_, 1);
        commands_ = writer.finish();
    } catch (...) {
        api.DestroyQueryPool(machine.device->handle(), pool_, nullptr);
        throw;
    }
}

TimedCommands::~TimedCommands() {
    for (VkCommandBuffer commands : commands_)
        machine_.device->freeCommands(commands);
    machine_.device->api().DestroyQueryPool(machine_.device->handle(), pool_, nullptr);
}

double TimedCommands::once() const {
    machine_.device->run(commands_.front(), "a measurement");
    std::array<std::uint64_t, 2> ticks{};
    check(machine_.device->api().GetQueryPoolResults(
              machine_.device->handle(), pool_, 0, 2, sizeof ticks, ticks.data(), sizeof ticks[0],
              VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
          "reading timestamps");
    return static_cast<double>(ticks[1] - ticks[0]) * 1e-3 *
           machine_.device->capabilities().timestampNanoseconds / count_;
}

std::vector<double> TimedCommands::run(double seconds) const {
    std::vector<double> times;
    const auto begin = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    // Some devices generate code at the first run; all need a while to raise their clocks.
    do
        (void)once();
    while (machine_.device->info().isGpu() && elapsed() < warmUpSeconds);
    while (times.size() < 5 || elapsed() < warmUpSeconds + seconds)
        times.push_back(once());
    return times;
}

double copyRoof(Machine& machine, std::int64_t bytes, double seconds) {
    bytes = std::min(bytes, machine.memory.largestPiece());
    const Piece from = machine.memory.take(bytes);
    const Piece to = machine.memory.take(bytes);
    struct Push {
        Address from, to;
        std::uint32_t quads;
    };
    constexpr std::uint32_t groups = 4096;
    const TimedCommands copies(machine, 5, [&](CommandWriter& writer, int) {
        writer.bind("copy", 256, {});
        writer.push(Push{from.address(), to.address(), static_cast<std::uint32_t>(bytes / 16)});
        writer.dispatch(groups);
    });
    const auto times = copies.run(seconds);
    return 2 * static_cast<double>(bytes) * 1e-3 / *std::ranges::min_element(times);
}

} // namespace bwla::vulkan
