// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where an engine can compute, for programs that let people choose.
#pragma once

#include "kernels/backend.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bwla {

/// Ids beside the UUIDs of Vulkan devices.
inline constexpr auto automaticDevice = "";
inline constexpr auto processorDevice = "cpu";

struct EngineDevice {
    std::string id;   ///< processorDevice or the UUID of a Vulkan device
    std::string name; ///< the processor's or GPU's own
    std::string type; ///< "processor", "discrete gpu", ..., "software" for a Vulkan device of none
    std::string missing; ///< what it lacks to be used; empty = usable
    /// Bytes free for weights and caches when it was listed; 0 = unknown, as for the processor and
    /// software devices, which have the machine's.
    std::int64_t freeMemory = 0;
};

/// The processor, then the Vulkan devices of this machine, GPUs first. Opens the Vulkan loader and
/// its drivers: a worker's job.
[[nodiscard]] std::vector<EngineDevice> engineDevices();

/// What automaticDevice means here: the first GPU that can be used, else the processor. A software
/// device is taken only when named.
[[nodiscard]] std::string chooseDevice(const std::vector<EngineDevice>& devices);

/// Where an engine computes, and how it keeps what it has read.
struct EngineChoice {
    std::string device = automaticDevice; ///< an id
    int cacheBits = 16;                   ///< of keys and values (CpuOptions::cacheBits): 16 or 8

    bool operator==(const EngineChoice&) const = default;
};

/// Throws KernelError as makeCpuBackend and makeVulkanBackend do.
[[nodiscard]] std::unique_ptr<Backend> makeEngineBackend(const EngineChoice& choice);

} // namespace bwla
