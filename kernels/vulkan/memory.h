// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/device.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace bwla::vulkan {

using Address = VkDeviceAddress;

/// Where memory lives and who looks at it.
enum class Residence {
    device,   ///< the device alone; written and read through copies
    shared,   ///< the host writes a little before each run, the device reads it
    readback, ///< the device writes, the host reads
};

/// One allocation with one buffer over all of it. Throws KernelError{outOfMemory}.
class Allocation {
public:
    Allocation(std::shared_ptr<const Device> device, std::int64_t bytes, Residence residence);
    ~Allocation();
    Allocation(const Allocation&) = delete;
    Allocation& operator=(const Allocation&) = delete;

    [[nodiscard]] VkBuffer buffer() const { return buffer_; }
    [[nodiscard]] Address address() const { return address_; }
    [[nodiscard]] std::byte* mapped() const { return mapped_; } ///< null for Residence::device
    [[nodiscard]] std::int64_t bytes() const { return bytes_; }

private:
    void allocate(Residence residence);

    std::shared_ptr<const Device> device_;
    std::int64_t bytes_;
    VkBuffer buffer_ = nullptr;
    VkDeviceMemory memory_ = nullptr;
    Address address_ = 0;
    std::byte* mapped_ = nullptr;
};

/// A part of an allocation, which lives as long as one of its pieces.
struct Piece {
    std::shared_ptr<const Allocation> allocation;
    std::int64_t offset = 0;
    std::int64_t bytes = 0;

    [[nodiscard]] Address address() const {
        return allocation->address() + static_cast<Address>(offset);
    }
    [[nodiscard]] std::byte* mapped() const { return allocation->mapped() + offset; }
};

/// Hands out device memory from blocks, within the device's limit for one allocation, and copies to
/// and from it. Used from one thread at a time.
class DeviceMemory {
public:
    explicit DeviceMemory(std::shared_ptr<const Device> device);
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;

    /// Starts at a multiple of 256 bytes. Throws KernelError{outOfMemory}.
    [[nodiscard]] Piece take(std::int64_t bytes);
    [[nodiscard]] Piece takeMapped(std::int64_t bytes, Residence residence);
    /// Bytes of the device's own memory that can still be had, as far as is known.
    [[nodiscard]] std::int64_t available() const;
    /// Bytes one piece can have at most.
    [[nodiscard]] std::int64_t largestPiece() const;

    void write(const Piece& piece, std::span<const std::byte> data, std::int64_t offset = 0);
    void read(const Piece& piece, std::int64_t offset, std::span<std::byte> data) const;

private:
    [[nodiscard]] std::shared_ptr<const Allocation> allocate(std::int64_t bytes,
                                                             Residence residence);
    void copy(VkBuffer from, std::int64_t fromOffset, VkBuffer to, std::int64_t toOffset,
              std::int64_t bytes) const;

    std::shared_ptr<const Device> device_;
    std::shared_ptr<std::atomic<std::int64_t>> inUse_; ///< bytes of all allocations
    std::shared_ptr<const Allocation> block_;
    std::int64_t blockUsed_ = 0;
    std::shared_ptr<const Allocation> staging_, landing_;
};

} // namespace bwla::vulkan
