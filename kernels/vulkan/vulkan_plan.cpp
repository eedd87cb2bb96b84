// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_plan.h"

#include "kernels/aligned.h"
#include "kernels/vulkan/vulkan_ops.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace bwla::vulkan {
namespace {

// Dispatches of a prompt's command buffer, after which a run can be stopped: four layers or so.
constexpr int segmentDispatches = 64;
constexpr int mostChoices = 3;
// shaders/top.comp
constexpr std::int64_t topSlices = 256;
constexpr std::uint32_t topMost = 1024;
constexpr std::int64_t headerBytes = 256;
constexpr std::int64_t placeAlignment = 256;
constexpr std::size_t largestGrids = 64;
constexpr std::int64_t indirectBytes = sizeof(VkDispatchIndirectCommand);

/// Shared among prepared inputs that are not needed at the same time.
struct ValueSlot {
    Piece piece;
    std::size_t lastUse;
};

} // namespace

VulkanPlan::VulkanPlan(Machine& machine, int batch, bool timed)
    : machine_(machine), rules_{batch, 0, {}},
      clock_(timed ? std::make_unique<WorkClock>(machine.device) : nullptr) {}

VulkanPlan::~VulkanPlan() {
    discard();
}

void VulkanPlan::discard() {
    for (auto* list : {&commands_, &tails_[0], &tails_[1]})
        for (VkCommandBuffer commands : std::exchange(*list, {}))
            machine_.device->freeCommands(commands);
}

Buffer VulkanPlan::addBuffer(std::int64_t cols) {
    contract::require(cols > 0, "buffer", "has no columns");
    buffers_.push_back(machine_.memory.take(batch() * cols * 4));
    bufferCols_.push_back(cols);
    return {static_cast<int>(buffers_.size()) - 1, cols};
}

Address VulkanPlan::address(Buffer buffer) const {
    const auto id = static_cast<std::size_t>(buffer.id);
    contract::require(id < buffers_.size() && bufferCols_[id] == buffer.cols, "buffer",
                      "does not belong to this plan");
    return buffers_[id].address();
}

Prepared VulkanPlan::addPrepared(const DeviceInputs& input, int bits, int rows) {
    PreparedRows& target = prepared_.emplace_back();
    target.input = &input;
    target.bits = bits;
    target.batch = rows;
    target.scaled = bits <= 6 && machine_.device->capabilities().integerDot;
    target.firstUse = target.lastUse = operations();
    if (bits < 16)
        target.encoded = machine_.memory.take(rows * target.stride());
    target.meta = machine_.memory.take(rows * (preparedMetaWords + input.rank()) * 4);
    return {static_cast<int>(prepared_.size()) - 1, input.cols()};
}

PreparedRows& VulkanPlan::prepared(Prepared prepared) {
    const auto id = static_cast<std::size_t>(prepared.id);
    contract::require(id < prepared_.size() && prepared_[id].input->cols() == prepared.cols,
                      "prepared input", "does not belong to this plan");
    return prepared_[id];
}

const DeviceInputs& VulkanPlan::addInput(const HostInput& input) {
    return ownInputs_.emplace_back(input, machine_);
}

Address VulkanPlan::addConstants(std::span<const std::byte> bytes) {
    if (bytes.empty())
        return 0;
    constants_.push_back(machine_.memory.take(static_cast<std::int64_t>(bytes.size())));
    machine_.memory.write(constants_.back(), bytes);
    return constants_.back().address();
}

std::size_t VulkanPlan::addRotary(std::span<const float> frequencies) {
    for (std::size_t i = 0; i < rotaries_.size(); ++i)
        if (std::ranges::equal(rotaries_[i].frequencies, frequencies))
            return i;
    rotaries_.push_back({{frequencies.begin(), frequencies.end()}});
    return rotaries_.size() - 1;
}

void VulkanPlan::addLogits(std::int64_t vocabulary, int rows, Head head) {
    contract::require(vocabulary_ == 0, "head", "a plan has at most one");
    vocabulary_ = vocabulary;
    logitRows_ = rows;
    logitStore_ = machine_.memory.takeMapped(rows * vocabulary * 4, Residence::readback);
    head_ = std::move(head);
    headAt_ = operations();
    if (rows > 1)
        return;
    deviceLogits_ = machine_.memory.take(vocabulary * 4);
    greatest_ = machine_.memory.take(topSlices * 4);
    found_ = machine_.memory.takeMapped((1 + 2 * topMost) * 4, Residence::readback);
}

Address VulkanPlan::tokensAddress() const {
    return block_.address() + static_cast<Address>(tokensOffset_);
}

Address VulkanPlan::rotaryAddress(std::size_t table) const {
    return block_.address() + static_cast<Address>(rotaries_[table].offset);
}

/// One scratch for all: operations that use it are separated by barriers.
Address VulkanPlan::scratchAddress(std::int64_t floats) {
    if (scratch_.bytes < floats * 4) {
        constants_.push_back(scratch_); // addresses that were given out stay valid
        scratch_ = machine_.memory.take(floats * 4);
    }
    return scratch_.address();
}

void VulkanPlan::reserve(std::int64_t words) {
    if (batch() == 1 && machine_.device->capabilities().waitingGroups)
        reserved_ += roundUp(words * 4, placeAlignment);
}

Address VulkanPlan::takePlace(std::int64_t words) {
    const std::int64_t offset = placed_;
    placed_ += roundUp(words * 4, placeAlignment);
    contract::require(placed_ <= places_.bytes, "places", "take more than was reserved");
    return places_.address() + static_cast<Address>(offset);
}

Address VulkanPlan::now(Address buffer) const {
    const auto moved = now_.find(buffer);
    return moved != now_.end() ? moved->second.at : buffer;
}

bool VulkanPlan::flagged(Address buffer) const {
    const auto moved = now_.find(buffer);
    return moved != now_.end() && moved->second.flagged;
}

void VulkanPlan::losesFlags(Address buffer) {
    if (const auto moved = now_.find(buffer); moved != now_.end())
        moved->second.flagged = false;
}

void VulkanPlan::dispatchRows(CommandWriter& writer, RowGrid grid) {
    if (batch() == 1) {
        writer.dispatch(grid.x, 1);
        return;
    }
    auto found = std::ranges::find(grids_, grid);
    if (found == grids_.end()) {
        if (grids_.size() == largestGrids) { // rows past the run's end return at once
            writer.dispatch(grid.x, (static_cast<std::uint32_t>(batch()) + grid.rowsPerGroup - 1) /
                                        grid.rowsPerGroup);
            return;
        }
        found = grids_.insert(grids_.end(), grid);
        writeGrid(grids_.size() - 1, batch()); // for who does not run() before dispatching
    }
    writer.dispatchIndirect(block_, headerBytes + (found - grids_.begin()) * indirectBytes);
}

void VulkanPlan::writeGrid(std::size_t index, std::int32_t rows) {
    const RowGrid& grid = grids_[index];
    const std::uint32_t groups =
        (static_cast<std::uint32_t>(rows) + grid.rowsPerGroup - 1) / grid.rowsPerGroup;
    const VkDispatchIndirectCommand command{grid.x, groups, 1};
    std::memcpy(block_.mapped() + headerBytes + static_cast<std::int64_t>(index) * indirectBytes,
                &command, sizeof command);
}

void VulkanPlan::placeBlock() {
    std::int64_t size = headerBytes + static_cast<std::int64_t>(largestGrids) * indirectBytes;
    tokensOffset_ = size;
    size = roundUp(size + batch() * 4, 256);
    for (Rotary& rotary : rotaries_) {
        rotary.offset = size;
        size += roundUp(batch() * static_cast<std::int64_t>(rotary.frequencies.size()) * 8, 256);
    }
    block_ = machine_.memory.takeMapped(size, Residence::shared);
}

/// Floats of a prepared input are needed from its operation to its last reader.
void VulkanPlan::placeValues() {
    std::vector<ValueSlot> slots;
    for (PreparedRows& rows : prepared_) {
        const std::int64_t bytes = rows.batch * rows.stride() * (rows.halved ? 6 : 4);
        auto slot = std::ranges::find_if(slots, [&](const ValueSlot& candidate) {
            return candidate.lastUse < rows.firstUse && candidate.piece.bytes >= bytes;
        });
        if (slot == slots.end())
            slot = slots.insert(slots.end(), {machine_.memory.take(bytes), 0});
        slot->lastUse = rows.lastUse;
        rows.values = slot->piece;
    }
}

void VulkanPlan::encode() {
    placeBlock();
    placeValues();
    encodeAll();
    // What a plan multiplies is known once it is written: kernels that are still to be chosen are,
    // and it is written again. A second time where one of them turned out wrong.
    for (int rounds = 0; rounds < mostChoices && machine_.choice.lacks(); ++rounds) {
        discard();
        machine_.choice.measure(machine_);
        if (clock_)
            clock_ = std::make_unique<WorkClock>(machine_.device);
        encodeAll();
    }
    operations_.clear();
}

void VulkanPlan::encodeAll() {
    CommandWriter writer(machine_, batch() > 1 ? segmentDispatches : 0, clock_.get());
    now_.clear();
    placed_ = 0;
    if (reserved_ > 0) {
        places_ = machine_.memory.take(reserved_);
        writer.zero(places_);
    }
    // A head that comes last and of one row is written twice, see tails_.
    const bool apart = head_ && !clock_ && logitRows_ == 1 && headAt_ == operations_.size();
    for (std::size_t i = 0; i <= operations_.size(); ++i) {
        if (head_ && !apart && i == headAt_)
            head_(writer, logitStore_.address());
        if (i < operations_.size())
            operations_[i](writer);
    }
    commands_ = writer.finish();
    if (!apart)
        return;
    CommandWriter all(machine_, 0);
    head_(all, logitStore_.address());
    tails_[0] = all.finish();
    CommandWriter top(machine_, 0);
    head_(top, deviceLogits_.address());
    encodeTop(*this, top,
              {deviceLogits_.address(), greatest_.address(), found_.address(), vocabulary_});
    tails_[1] = top.finish();
}

void VulkanPlan::writeBlock(const Step& step, const DeviceCache* cache) {
    const auto rows = static_cast<std::int32_t>(step.tokens.size());
    const RunHeader header{rows, static_cast<std::int32_t>(step.position),
                           cache != nullptr ? static_cast<std::int32_t>(cache->capacity()) : 0,
                           step.likeliest, cache != nullptr ? cache->layers() : 0};
    std::memcpy(block_.mapped(), &header, sizeof header);
    for (std::size_t i = 0; i < grids_.size(); ++i)
        writeGrid(i, rows);
    std::memcpy(block_.mapped() + tokensOffset_, step.tokens.data(), step.tokens.size_bytes());
    // Vulkan's sine is good to 2^-11 only: angles are the host's business.
    std::vector<float> angles;
    for (const Rotary& rotary : rotaries_) {
        const std::size_t half = rotary.frequencies.size();
        angles.resize(static_cast<std::size_t>(rows) * 2 * half);
        for (std::size_t t = 0; t < static_cast<std::size_t>(rows); ++t)
            for (std::size_t d = 0; d < half; ++d) {
                const float angle =
                    static_cast<float>(step.position + static_cast<std::int64_t>(t)) *
                    rotary.frequencies[d];
                angles[t * 2 * half + d] = std::cos(angle);
                angles[t * 2 * half + half + d] = std::sin(angle);
            }
        std::memcpy(block_.mapped() + rotary.offset, angles.data(), angles.size() * sizeof(float));
    }
}

bool VulkanPlan::run(const Step& step, const std::stop_token& stop) {
    const auto* cache = dynamic_cast<const DeviceCache*>(step.cache);
    const bool ours = cache != nullptr && cache->device() == machine_.device.get();
    rules_.check(step, ours ? &cache->shape() : nullptr);
    logits_ = {};
    likeliest_.clear();
    writeBlock(step, ours ? cache : nullptr);
    const bool some = step.likeliest > 0 && step.likeliest <= mostLikeliest && findsLikeliest();
    if (!submit(tails_[some ? 1 : 0], stop))
        return false;
    if (some && readLikeliest())
        return true;
    if (some) // too many are alike
        machine_.device->run(tails_[0], "a forward pass");
    if (vocabulary_ > 0) {
        const std::size_t rows = logitRows_ == 1 ? 1 : step.tokens.size();
        logits_ = {reinterpret_cast<const float*>(logitStore_.mapped()),
                   rows * static_cast<std::size_t>(vocabulary_)};
    }
    return true;
}

/// Command buffer after command buffer, the last of them together with the tail.
bool VulkanPlan::submit(std::span<const VkCommandBuffer> tail, const std::stop_token& stop) {
    for (std::size_t i = 0; i < commands_.size(); ++i) {
        if (stop.stop_requested())
            return false;
        std::vector<VkCommandBuffer> together{commands_[i]};
        if (i + 1 == commands_.size())
            together.insert(together.end(), tail.begin(), tail.end());
        machine_.device->run(together, "a forward pass");
    }
    return true;
}

bool VulkanPlan::readLikeliest() {
    const auto* words = reinterpret_cast<const std::uint32_t*>(found_.mapped());
    if (words[0] > topMost)
        return false;
    for (std::uint32_t i = 0; i < words[0]; ++i)
        likeliest_.push_back(
            {static_cast<std::int32_t>(words[1 + 2 * i]), std::bit_cast<float>(words[2 + 2 * i])});
    return true;
}

std::optional<std::int64_t> VulkanPlan::placeOffset(const Piece& buffer) const {
    const Address at = now(buffer.address());
    if (at == buffer.address())
        return std::nullopt;
    return static_cast<std::int64_t>(at - places_.address());
}

std::vector<WorkTime> VulkanPlan::times() const {
    return clock_ ? clock_->read() : std::vector<WorkTime>();
}

void VulkanPlan::write(Buffer buffer, std::span<const float> values) {
    (void)address(buffer);
    contract::checkWrite(buffer, values.size(), batch());
    const Piece& own = buffers_[static_cast<std::size_t>(buffer.id)];
    machine_.memory.write(own, std::as_bytes(values));
    if (const auto moved = placeOffset(own)) // to be read until the next run
        machine_.memory.write(places_, std::as_bytes(values), *moved);
}

std::vector<float> VulkanPlan::read(Buffer buffer, std::int64_t rows) const {
    (void)address(buffer);
    contract::checkRead(rows, batch());
    std::vector<float> values(static_cast<std::size_t>(rows * buffer.cols));
    const Piece& own = buffers_[static_cast<std::size_t>(buffer.id)];
    const auto moved = placeOffset(own);
    machine_.memory.read(moved ? places_ : own, moved.value_or(0),
                         std::as_writable_bytes(std::span(values)));
    return values;
}

std::vector<PreparedRow> VulkanPlan::read(Prepared prepared, std::int64_t rows) const {
    const PreparedRows& from = const_cast<VulkanPlan*>(this)->prepared(prepared);
    if (from.bits >= 16)
        throw KernelError(KernelErrorCode::unsupported, "read", "this input is not quantized");
    contract::checkRead(rows, batch());
    const std::int64_t metaWords = preparedMetaWords + from.input->rank();
    std::vector<std::uint32_t> meta(static_cast<std::size_t>(rows * metaWords));
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rows * from.stride()));
    machine_.memory.read(from.meta, 0, std::as_writable_bytes(std::span(meta)));
    machine_.memory.read(from.encoded, 0, std::as_writable_bytes(std::span(bytes)));
    std::vector<PreparedRow> result(static_cast<std::size_t>(rows));
    for (std::int64_t t = 0; t < rows; ++t) {
        PreparedRow& row = result[static_cast<std::size_t>(t)];
        row.scale = std::bit_cast<float>(meta[static_cast<std::size_t>(t * metaWords)]);
        row.zero = static_cast<std::int32_t>(meta[static_cast<std::size_t>(t * metaWords + 2)]);
        row.offset.resize(static_cast<std::size_t>(prepared.cols));
        for (std::int64_t i = 0; i < from.stride(); ++i) {
            const std::int64_t column = signOrderColumn(i / 4, i % 4);
            const std::int64_t shift = from.scaled ? 2 - i / 4 % 8 % 3 : 0;
            if (column < prepared.cols)
                row.offset[static_cast<std::size_t>(column)] =
                    (bytes[static_cast<std::size_t>(t * from.stride() + i)] >> shift) - row.zero;
        }
    }
    return result;
}

} // namespace bwla::vulkan
