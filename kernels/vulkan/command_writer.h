// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/machine.h"
#include "kernels/vulkan/work_clock.h"

#include <span>
#include <string>
#include <vector>

namespace bwla::vulkan {

/// A dispatch of x by ceil(rows / rowsPerGroup) workgroups, rows being those of a run.
struct RowGrid {
    std::uint32_t x = 1;
    std::uint32_t rowsPerGroup = 1;
    bool operator==(const RowGrid&) const = default;
};

/// Records dispatches into command buffers, which it ends and begins anew every so often where a
/// plan asks for it: a run can be stopped between two of them, and no submission runs for long.
class CommandWriter {
public:
    /// segmentDispatches: 0 = one command buffer for everything.
    /// clock: null, or reads the time between the kinds of work.
    CommandWriter(Machine& machine, int segmentDispatches, WorkClock* clock = nullptr);
    ~CommandWriter();
    CommandWriter(const CommandWriter&) = delete;
    CommandWriter& operator=(const CommandWriter&) = delete;

    /// What was written before may be read by what follows.
    void barrier();
    /// Before a dispatch: barrier(), unless it `waits` for all that it reads (shaders/waiting.glsl)
    /// and whatever came since the last barrier flagged its outputs.
    void follow(bool waits);
    /// constants: of the shader, from constant_id 1 on.
    void bind(const std::string& shader, std::uint32_t workgroup,
              std::vector<std::uint32_t> constants);
    template<class Push>
    void push(const Push& push) {
        static_assert(sizeof(Push) <= 128 && sizeof(Push) % 4 == 0);
        pushBytes(&push, sizeof(Push));
    }
    void dispatch(std::uint32_t x, std::uint32_t y = 1);
    /// One that flags all its outputs (shaders/waiting.glsl).
    void dispatchFlagged(std::uint32_t x);
    void dispatchIndirect(const Piece& arguments, std::int64_t offset);
    /// Sets all of it to 0, before whatever follows.
    void zero(const Piece& piece);
    /// What was dispatched since the last mark is called so, and reads so many bytes of weights.
    void mark(const std::string& work, std::int64_t weightBytes = 0);
    void timestamp(VkQueryPool pool, std::uint32_t query);
    void resetQueries(VkQueryPool pool, std::uint32_t count);

    /// Ends recording; the caller owns the command buffers.
    [[nodiscard]] std::vector<VkCommandBuffer> finish();

private:
    void begin();
    void end();
    void memoryBarrier(VkPipelineStageFlags from, VkAccessFlags written);
    void pushBytes(const void* data, std::size_t size);

    Machine& machine_;
    int segmentDispatches_;
    WorkClock* clock_;
    int dispatches_ = 0;
    bool plain_ = false; ///< since the last barrier there was a dispatch without flags
    VkCommandBuffer commands_ = nullptr;
    std::vector<VkCommandBuffer> finished_;
};

} // namespace bwla::vulkan
