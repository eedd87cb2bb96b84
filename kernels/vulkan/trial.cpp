// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/trial.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>

namespace bwla::vulkan {
namespace {

constexpr std::array<const char*, tracePlaces> placeNames = {
    "start",
    "weights requested",
    "job read, rest requested",
    "[turner] products before seen",
    "[turner] rows read, R1' X made",
    "[turner] rotated, values written",
    "[turner] counted",
    "turners seen",
    "levels made",
    "products of the first rows done",
    "all rows done",
    "finished, counted"};

struct Visit {
    std::uint64_t clock = 0, time = 0;
};

/// [group][place]; time 0 = not visited.
using Groups = std::vector<std::array<Visit, tracePlaces>>;

Groups readGroups(const DeviceMemory& memory, const TraceEntry& entry) {
    Groups groups(entry.groups);
    memory.read(entry.piece, 0, std::as_writable_bytes(std::span(groups)));
    return groups;
}

struct Spread {
    double least = 0, median = 0, most = 0;
};

std::optional<Spread> spreadOf(std::vector<double> values) {
    if (values.empty())
        return std::nullopt;
    std::ranges::sort(values);
    return Spread{values.front(), values[values.size() / 2], values.back()};
}

struct Sums {
    double least = 0, median = 0, most = 0;
    int count = 0;
    void add(const std::optional<Spread>& spread) {
        if (!spread)
            return;
        least += spread->least;
        median += spread->median;
        most += spread->most;
        ++count;
    }
    [[nodiscard]] Spread mean() const {
        const double n = std::max(count, 1);
        return {least / n, median / n, most / n};
    }
};

struct Kind {
    int dispatches = 0;
    std::uint32_t groups = 0;
    std::array<Sums, tracePlaces> byTime, byClock;
};

double after(std::uint64_t value, std::uint64_t zero) {
    return static_cast<double>(static_cast<std::int64_t>(value - zero));
}

std::uint64_t lastTime(const Groups& groups) {
    std::uint64_t last = 0;
    for (const auto& group : groups)
        for (const Visit& visit : group)
            last = std::max(last, visit.time);
    return last;
}

void addUp(Kind& kind, const Groups& groups, std::uint64_t zero) {
    ++kind.dispatches;
    kind.groups = static_cast<std::uint32_t>(groups.size());
    for (std::size_t place = 0; place < tracePlaces; ++place) {
        std::vector<double> times, clocks;
        for (const auto& group : groups)
            if (group[place].time != 0) {
                times.push_back(after(group[place].time, zero));
                clocks.push_back(after(group[place].clock, group[0].clock));
            }
        kind.byTime[place].add(spreadOf(times));
        kind.byClock[place].add(spreadOf(clocks));
    }
}

void printKind(const std::string& name, const Kind& kind) {
    std::printf("\n%s: %d dispatches of %u workgroups; ns after the last workgroup of the dispatch "
                "before (least, median, most of the workgroups, mean of the dispatches), clocks "
                "after the own start\n",
                name.c_str(), kind.dispatches, kind.groups);
    for (std::size_t place = 0; place < tracePlaces; ++place) {
        if (kind.byTime[place].count == 0)
            continue;
        const Spread time = kind.byTime[place].mean();
        const Spread clock = kind.byClock[place].mean();
        std::printf("  %-34s %8.0f %8.0f %8.0f   %7.0f %7.0f %7.0f\n", placeNames[place],
                    time.least, time.median, time.most, clock.least, clock.median, clock.most);
    }
}

/// Clocks a microsecond, and the least step of the time.
void printClocks(const Groups& groups) {
    std::uint64_t step = ~std::uint64_t{0};
    std::vector<double> rates;
    std::vector<double> skews;
    for (const auto& group : groups) {
        const auto& last = group[tracePlaces - 1];
        for (std::size_t i = 1; i < tracePlaces; ++i)
            if (group[i].time > group[i - 1].time && group[i - 1].time != 0)
                step = std::min(step, group[i].time - group[i - 1].time);
        if (last.time > group[0].time)
            rates.push_back(1e3 * after(last.clock, group[0].clock) /
                            after(last.time, group[0].time));
        skews.push_back(after(group[0].clock, groups[0][0].clock));
    }
    const auto rate = spreadOf(rates);
    const auto skew = spreadOf(skews);
    if (rate && skew)
        std::printf("clocks a us: %.0f (%.0f to %.0f); least step of the time %llu ns; first clocks "
                    "of workgroups against the first's: %.0f, %.0f, %.0f\n",
                    rate->median, rate->least, rate->most, static_cast<unsigned long long>(step),
                    skew->least, skew->median, skew->most);
}

} // namespace

std::int64_t trialNumber(const char* name, std::int64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr && *text != 0 ? std::strtoll(text, nullptr, 0) : otherwise;
}

std::uint32_t trialBits() {
    static const auto bits = static_cast<std::uint32_t>(
        trialNumber("BWLA_X", 0) | (std::getenv("LP_NUM_THREADS") != nullptr ? 65536 : 0));
    return bits;
}

bool tracing() {
    static const bool traces = trialNumber("BWLA_TRACE", 0) != 0;
    return traces;
}

void printTrace(const DeviceMemory& memory, const std::vector<TraceEntry>& entries) {
    std::map<std::string, Kind> kinds;
    std::vector<std::string> order;
    std::uint64_t zero = 0;
    std::map<std::string, std::pair<std::uint64_t, Sums>> periods;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const Groups groups = readGroups(memory, entries[i]);
        const std::string& name = entries[i].name;
        if (i == entries.size() / 2)
            printClocks(groups);
        const std::uint64_t last = lastTime(groups);
        if (zero != 0) {
            if (!kinds.contains(name))
                order.push_back(name);
            addUp(kinds[name], groups, zero);
            auto& [before, sums] = periods[name];
            if (before != 0)
                sums.add(Spread{after(last, before), after(last, before), after(last, before)});
            before = last;
        }
        zero = last;
    }
    for (const std::string& name : order)
        printKind(name, kinds[name]);
    for (const std::string& name : order)
        std::printf("from end to end of %s: %.0f ns\n", name.c_str(),
                    periods[name].second.mean().median);
    std::fflush(stdout);
}

} // namespace bwla::vulkan
