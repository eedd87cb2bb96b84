// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/command_writer.h"

#include <utility>

namespace bwla::vulkan {

CommandWriter::CommandWriter(Machine& machine, int segmentDispatches, WorkClock* clock)
    : machine_(machine), segmentDispatches_(segmentDispatches), clock_(clock) {
    begin();
}

CommandWriter::~CommandWriter() {
    for (VkCommandBuffer commands : finished_)
        machine_.device->freeCommands(commands);
    if (commands_ != nullptr)
        machine_.device->freeCommands(commands_);
}

void CommandWriter::begin() {
    commands_ = machine_.device->allocateCommands();
    VkCommandBufferBeginInfo begin{};
    begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    check(machine_.device->api().BeginCommandBuffer(commands_, &begin), "recording");
    memoryBarrier(VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                  VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT);
    if (clock_ != nullptr)
        clock_->begin(commands_);
}

/// The last barrier makes results visible to the host.
void CommandWriter::end() {
    VkMemoryBarrier barrier{};
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    const DeviceApi& api = machine_.device->api();
    api.CmdPipelineBarrier(commands_, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                           VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
    check(api.EndCommandBuffer(commands_), "recording");
    finished_.push_back(commands_);
    commands_ = nullptr;
}

void CommandWriter::follow(bool waits) {
    if (!waits || plain_ || clock_ != nullptr) // readings are of one dispatch each
        barrier();
}

void CommandWriter::barrier() {
    plain_ = false;
    if (segmentDispatches_ > 0 && dispatches_ >= segmentDispatches_) {
        dispatches_ = 0;
        end();
        begin(); // with a barrier of its own
        return;
    }
    // Compute alone: naming transfers too would make some drivers flush more.
    memoryBarrier(VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_ACCESS_SHADER_WRITE_BIT);
}

void CommandWriter::memoryBarrier(VkPipelineStageFlags from, VkAccessFlags written) {
    VkMemoryBarrier barrier{};
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    barrier.srcAccessMask = written;
    barrier.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT;
    machine_.device->api().CmdPipelineBarrier(commands_, from, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                                              0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void CommandWriter::bind(const std::string& shader, std::uint32_t workgroup,
                         std::vector<std::uint32_t> constants) {
    constants.insert(constants.begin(), workgroup);
    machine_.device->api().CmdBindPipeline(commands_, VK_PIPELINE_BIND_POINT_COMPUTE,
                                           machine_.pipelines.get(shader, constants));
}

void CommandWriter::pushBytes(const void* data, std::size_t size) {
    machine_.device->api().CmdPushConstants(commands_, machine_.pipelines.layout(),
                                            VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                            static_cast<std::uint32_t>(size), data);
}

void CommandWriter::dispatch(std::uint32_t x, std::uint32_t y) {
    machine_.device->api().CmdDispatch(commands_, x, y, 1);
    ++dispatches_;
    plain_ = true;
}

void CommandWriter::dispatchFlagged(std::uint32_t x) {
    const bool plain = plain_;
    dispatch(x);
    plain_ = plain;
}

void CommandWriter::dispatchIndirect(const Piece& arguments, std::int64_t offset) {
    machine_.device->api().CmdDispatchIndirect(
        commands_, arguments.allocation->buffer(),
        static_cast<VkDeviceSize>(arguments.offset + offset));
    ++dispatches_;
    plain_ = true;
}

void CommandWriter::zero(const Piece& piece) {
    machine_.device->api().CmdFillBuffer(commands_, piece.allocation->buffer(),
                                         static_cast<VkDeviceSize>(piece.offset),
                                         static_cast<VkDeviceSize>(piece.bytes), 0);
    memoryBarrier(VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT);
}

void CommandWriter::mark(const std::string& work, std::int64_t weightBytes) {
    if (clock_ != nullptr)
        clock_->mark(commands_, work, weightBytes);
}

void CommandWriter::timestamp(VkQueryPool pool, std::uint32_t query) {
    machine_.device->api().CmdWriteTimestamp(commands_, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, pool,
                                             query);
}

void CommandWriter::resetQueries(VkQueryPool pool, std::uint32_t count) {
    machine_.device->api().CmdResetQueryPool(commands_, pool, 0, count);
}

std::vector<VkCommandBuffer> CommandWriter::finish() {
    end();
    return std::exchange(finished_, {});
}

} // namespace bwla::vulkan
