// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/memory.h"

#include "kernels/aligned.h"
#include "kernels/kernel_error.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace bwla::vulkan {
namespace {

constexpr std::int64_t alignment = 256;
constexpr std::int64_t blockBytes = std::int64_t{32} << 20;
constexpr std::int64_t stagingBytes = std::int64_t{8} << 20;

[[noreturn]] void outOfMemory(const std::string& detail) {
    throw KernelError(KernelErrorCode::outOfMemory, "Vulkan device", detail);
}

std::string megabytes(std::int64_t bytes) {
    return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

/// Property sets to try, best first.
std::array<VkMemoryPropertyFlags, 2> wishes(Residence residence) {
    constexpr VkMemoryPropertyFlags mapped =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    switch (residence) {
    case Residence::device:
        return {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT};
    case Residence::shared:
        return {mapped | VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, mapped};
    default:
        return {mapped | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, mapped};
    }
}

constexpr VkBufferUsageFlags usage =
    VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
    VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
    VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT;

} // namespace

Allocation::Allocation(std::shared_ptr<const Device> device, std::int64_t bytes,
                       Residence residence)
    : device_(std::move(device)), bytes_(bytes) {
    VkBufferCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    create.size = static_cast<VkDeviceSize>(bytes);
    create.usage = usage;
    check(device_->api().CreateBuffer(device_->handle(), &create, nullptr, &buffer_), "a buffer");
    try {
        allocate(residence);
    } catch (...) {
        device_->api().FreeMemory(device_->handle(), memory_, nullptr);
        device_->api().DestroyBuffer(device_->handle(), buffer_, nullptr);
        throw;
    }
}

void Allocation::allocate(Residence residence) {
    const DeviceApi& api = device_->api();
    VkMemoryRequirements needs{};
    api.GetBufferMemoryRequirements(device_->handle(), buffer_, &needs);
    VkMemoryAllocateFlagsInfo flags{};
    flags.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO;
    flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
    VkMemoryAllocateInfo allocate{};
    allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    allocate.pNext = &flags;
    allocate.allocationSize = needs.size;
    const auto& memory = device_->memory();
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    for (const VkMemoryPropertyFlags wish : wishes(residence))
        for (std::uint32_t type = 0; type < memory.memoryTypeCount && memory_ == nullptr; ++type) {
            const bool fits = (needs.memoryTypeBits >> type & 1U) != 0 &&
                              (memory.memoryTypes[type].propertyFlags & wish) == wish;
            allocate.memoryTypeIndex = type;
            if (fits)
                result = device_->allocate(allocate, memory_);
        }
    if (memory_ == nullptr && result == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        outOfMemory(megabytes(bytes_) + " of its memory could not be had");
    check(result, "allocating memory");
    check(api.BindBufferMemory(device_->handle(), buffer_, memory_, 0), "binding memory");
    VkBufferDeviceAddressInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO;
    info.buffer = buffer_;
    address_ = api.GetBufferDeviceAddress(device_->handle(), &info);
    if (residence == Residence::device)
        return;
    void* mapped = nullptr;
    check(api.MapMemory(device_->handle(), memory_, 0, VK_WHOLE_SIZE, 0, &mapped),
          "mapping memory");
    mapped_ = static_cast<std::byte*>(mapped);
}

Allocation::~Allocation() {
    device_->api().DestroyBuffer(device_->handle(), buffer_, nullptr);
    device_->api().FreeMemory(device_->handle(), memory_, nullptr);
}

DeviceMemory::DeviceMemory(std::shared_ptr<const Device> device)
    : device_(std::move(device)), inUse_(std::make_shared<std::atomic<std::int64_t>>(0)) {
    staging_ = allocate(std::min(stagingBytes, largestPiece()), Residence::shared);
    landing_ = allocate(std::min(stagingBytes, largestPiece()), Residence::readback);
}

std::shared_ptr<const Allocation> DeviceMemory::allocate(std::int64_t bytes, Residence residence) {
    const std::int64_t limit = device_->capabilities().memoryBytes;
    if (limit > 0 && *inUse_ + bytes > limit)
        outOfMemory(megabytes(bytes) + " more than the " + megabytes(*inUse_) +
                    " in use exceed its limit of " + megabytes(limit));
    if (bytes > largestPiece())
        outOfMemory(megabytes(bytes) + " at once; it allows " + megabytes(largestPiece()));
    auto* allocation = new Allocation(device_, bytes, residence);
    *inUse_ += bytes;
    return {allocation, [inUse = inUse_, bytes](const Allocation* old) {
                delete old;
                *inUse -= bytes;
            }};
}

std::int64_t DeviceMemory::available() const {
    const std::int64_t free = device_->freeMemory();
    const std::int64_t limit = device_->capabilities().memoryBytes;
    return limit > 0 ? std::min(free, limit - *inUse_) : free;
}

std::int64_t DeviceMemory::largestPiece() const {
    return device_->capabilities().allocationBytes / alignment * alignment;
}

Piece DeviceMemory::take(std::int64_t bytes) {
    const std::int64_t size = roundUp(std::max<std::int64_t>(bytes, 1), alignment);
    const std::int64_t block = std::min(blockBytes, largestPiece());
    if (size > block / 2)
        return {allocate(size, Residence::device), 0, bytes};
    if (block_ == nullptr || blockUsed_ + size > block_->bytes()) {
        block_ = allocate(block, Residence::device);
        blockUsed_ = 0;
    }
    const Piece piece{block_, blockUsed_, bytes};
    blockUsed_ += size;
    return piece;
}

Piece DeviceMemory::takeMapped(std::int64_t bytes, Residence residence) {
    return {allocate(roundUp(bytes, alignment), residence), 0, bytes};
}

void DeviceMemory::copy(VkBuffer from, std::int64_t fromOffset, VkBuffer to, std::int64_t toOffset,
                        std::int64_t bytes) const {
    const DeviceApi& api = device_->api();
    VkCommandBufferBeginInfo begin{};
    begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    // The pool does not reset single buffers, so each copy has its own.
    VkCommandBuffer commands = device_->allocateCommands();
    check(api.BeginCommandBuffer(commands, &begin), "recording a copy");
    VkMemoryBarrier barrier{};
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    api.CmdPipelineBarrier(commands,
                           VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                           VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
    const VkBufferCopy region{static_cast<VkDeviceSize>(fromOffset),
                              static_cast<VkDeviceSize>(toOffset),
                              static_cast<VkDeviceSize>(bytes)};
    api.CmdCopyBuffer(commands, from, to, 1, &region);
    barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT | VK_ACCESS_SHADER_READ_BIT;
    api.CmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                           VK_PIPELINE_STAGE_HOST_BIT | VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1,
                           &barrier, 0, nullptr, 0, nullptr);
    check(api.EndCommandBuffer(commands), "recording a copy");
    device_->run(commands, "a copy");
    device_->freeCommands(commands);
}

void DeviceMemory::write(const Piece& piece, std::span<const std::byte> data, std::int64_t offset) {
    for (std::size_t done = 0; done < data.size();) {
        const std::size_t size =
            std::min(data.size() - done, static_cast<std::size_t>(staging_->bytes()));
        std::memcpy(staging_->mapped(), data.data() + done, size);
        copy(staging_->buffer(), 0, piece.allocation->buffer(),
             piece.offset + offset + static_cast<std::int64_t>(done),
             static_cast<std::int64_t>(size));
        done += size;
    }
}

void DeviceMemory::read(const Piece& piece, std::int64_t offset, std::span<std::byte> data) const {
    for (std::size_t done = 0; done < data.size();) {
        const std::size_t size =
            std::min(data.size() - done, static_cast<std::size_t>(landing_->bytes()));
        copy(piece.allocation->buffer(), piece.offset + offset + static_cast<std::int64_t>(done),
             landing_->buffer(), 0, static_cast<std::int64_t>(size));
        std::memcpy(data.data() + done, landing_->mapped(), size);
        done += size;
    }
}

} // namespace bwla::vulkan
