// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/fit_record.h"

#include "core/model/byte_reader.h"
#include "kernels/half.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bwla {
namespace {

constexpr std::uint32_t version = 1;
constexpr const char* place = "the run's record";
constexpr int tailPoints = 129;
constexpr std::int64_t mapValues = 65536;

class ByteWriter {
public:
    template<class T>
    void put(T value) {
        static_assert(std::is_arithmetic_v<T>);
        append(&value, sizeof value);
    }
    template<class T>
    void put(const std::vector<T>& values) {
        put(static_cast<std::uint64_t>(values.size()));
        append(values.data(), values.size() * sizeof(T));
    }
    [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

private:
    void append(const void* data, std::size_t size) {
        const std::size_t end = bytes_.size();
        bytes_.resize(end + size);
        if (size != 0)
            std::memcpy(bytes_.data() + end, data, size);
    }
    std::vector<std::byte> bytes_;
};

template<class T>
std::vector<T> readVector(ByteReader& reader) {
    const std::int64_t count =
        reader.count("values", reader.remaining() / static_cast<std::int64_t>(sizeof(T)));
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values)
        value = reader.read<T>();
    return values;
}

ByteReader openRecord(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, place);
    if (const auto found = reader.read<std::uint32_t>(); found != version)
        throw Error(ErrorCode::unsupportedVersion).in(place).got(found).wanted(version);
    return reader;
}

ActivationSide side(std::span<const float> values, std::int64_t cols, std::int64_t mapTokens,
                    double step) {
    ActivationSide result{.peakToRms = meanPeakToRms(values, cols),
                          .channelMaxima = channelMaxima(values, cols),
                          .map = {},
                          .tails = tailCurve(values, step, tailPoints)};
    const std::int64_t tokens = static_cast<std::int64_t>(values.size()) / cols;
    for (std::int64_t i = 0; i < mapTokens; ++i) {
        const auto row = values.subspan(static_cast<std::size_t>(i * tokens / mapTokens * cols),
                                        static_cast<std::size_t>(cols));
        for (const float x : row)
            result.map.push_back(floatToHalf(std::abs(x)));
    }
    return result;
}

/// Largest |x| in units of the rms of all values.
double largest(std::span<const float> values) {
    return peakToRms(values);
}

void put(ByteWriter& writer, const ActivationSide& s) {
    writer.put(s.peakToRms);
    writer.put(s.channelMaxima);
    writer.put(s.map);
    writer.put(s.tails.rms);
    writer.put(s.tails.step);
    writer.put(s.tails.share);
}

ActivationSide readSide(ByteReader& reader) {
    ActivationSide s;
    s.peakToRms = reader.read<double>();
    s.channelMaxima = readVector<float>(reader);
    s.map = readVector<std::uint16_t>(reader);
    s.tails.rms = reader.read<double>();
    s.tails.step = reader.read<double>();
    s.tails.share = readVector<double>(reader);
    return s;
}

bool fits(const ActivationSide& s, const ActivationRecord& record) {
    return static_cast<std::int64_t>(s.channelMaxima.size()) == record.cols &&
           static_cast<std::int64_t>(s.map.size()) == record.cols * record.mapTokens;
}

} // namespace

ActivationRecord activationRecord(const GroupActivations& a) {
    const std::int64_t tokens = static_cast<std::int64_t>(a.inputs.size()) / a.cols;
    ActivationRecord record{
        .cols = a.cols, .tokens = tokens, .clip = a.clip, .before = {}, .after = {}};
    record.mapTokens = std::min(tokens, std::clamp<std::int64_t>(mapValues / a.cols, 8, 48));
    const double reach = std::max({largest(a.inputs), largest(a.prepared), 1.0});
    const double step = reach / (tailPoints - 1);
    record.before = side(a.inputs, a.cols, record.mapTokens, step);
    record.after = side(a.prepared, a.cols, record.mapTokens, step);
    return record;
}

std::vector<std::byte> toBytes(const FitRounds& rounds) {
    ByteWriter writer;
    writer.put(version);
    writer.put(rounds.m1);
    writer.put(rounds.m2);
    writer.put(rounds.planned);
    writer.put(static_cast<std::uint64_t>(rounds.rounds.size()));
    for (const FitRound& round : rounds.rounds) {
        writer.put(static_cast<std::int32_t>(round.round));
        writer.put(round.objective);
        writer.put(round.factorA);
        writer.put(round.factorB);
    }
    return writer.take();
}

std::vector<std::byte> toBytes(const ActivationRecord& record) {
    ByteWriter writer;
    writer.put(version);
    writer.put(record.cols);
    writer.put(record.tokens);
    writer.put(record.mapTokens);
    writer.put(record.clip);
    put(writer, record.before);
    put(writer, record.after);
    return writer.take();
}

FitRounds fitRoundsFromBytes(std::span<const std::byte> bytes) {
    ByteReader reader = openRecord(bytes);
    FitRounds result;
    result.m1 = reader.read<std::int32_t>();
    result.m2 = reader.read<std::int32_t>();
    result.planned = reader.read<std::int32_t>();
    const std::int64_t count = reader.count("rounds", reader.remaining());
    for (std::int64_t i = 0; i < count; ++i) {
        FitRound round;
        round.round = reader.read<std::int32_t>();
        round.objective = reader.read<double>();
        round.factorA = readVector<float>(reader);
        round.factorB = readVector<float>(reader);
        const auto square = [](std::int64_t m) { return static_cast<std::size_t>(m * m); };
        if (round.factorA.size() != square(result.m1) || round.factorB.size() != square(result.m2))
            throw Error(ErrorCode::corrupt).in(place).because("a rotation has another size");
        result.rounds.push_back(std::move(round));
    }
    return result;
}

ActivationRecord activationRecordFromBytes(std::span<const std::byte> bytes) {
    ByteReader reader = openRecord(bytes);
    ActivationRecord record;
    record.cols = reader.read<std::int64_t>();
    record.tokens = reader.read<std::int64_t>();
    record.mapTokens = reader.read<std::int64_t>();
    record.clip = reader.read<double>();
    record.before = readSide(reader);
    record.after = readSide(reader);
    if (!fits(record.before, record) || !fits(record.after, record))
        throw Error(ErrorCode::corrupt).in(place).because("activations have another size");
    return record;
}

} // namespace bwla
