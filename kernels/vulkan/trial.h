// SPDX-License-Identifier: GPL-3.0-or-later
//
// Switches of the trial program (docs/performance.md, version 7) and what BWLA_TRACE=1 prints.
#pragma once

#include "kernels/vulkan/memory.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla::vulkan {

struct Machine;

/// BWLA_X; bit 16 is set where a loop that waits must not be left early (llvmpipe).
[[nodiscard]] std::uint32_t trialBits();
/// A number from the environment.
[[nodiscard]] std::int64_t trialNumber(const char* name, std::int64_t otherwise);
[[nodiscard]] bool tracing();

inline constexpr std::uint32_t tracePlaces = 12; // shaders/trace.glsl

/// What the workgroups of one dispatch left: tracePlaces x (clock, time) each.
struct TraceEntry {
    std::string name;
    std::uint32_t groups = 0;
    Piece piece;
};

/// Prints where the time of the last run went.
void printTrace(const DeviceMemory& memory, const std::vector<TraceEntry>& entries);

} // namespace bwla::vulkan
