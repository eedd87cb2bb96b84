// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/numbers.h"

#include "core/error_text.h"

#include <QCoreApplication>
#include <QDir>

#include <array>
#include <cmath>

namespace bwla::ui {
namespace {

struct Unit {
    double size;
    const char* name;
};

constexpr std::array<Unit, 5> byteUnits{
    {{1, "B"}, {1e3, "kB"}, {1e6, "MB"}, {1e9, "GB"}, {1e12, "TB"}}};
constexpr std::array<Unit, 4> countUnits{{{1, ""}, {1e6, "M"}, {1e9, "B"}, {1e12, "T"}}};
constexpr std::array<Unit, 3> timeUnits{{{1, "s"}, {60, "min"}, {3600, "h"}}};

template<std::size_t N>
Unit unitOf(double value, const std::array<Unit, N>& units) {
    Unit unit = units.front();
    for (const Unit& candidate : units)
        if (value >= candidate.size * 0.9995)
            unit = candidate;
    return unit;
}

QString withUnit(double value, const Unit& unit, int digits) {
    return numberText(value / unit.size, unit.size > 1 ? digits : 0) +
           (*unit.name != '\0' ? " " + QString(unit.name) : QString());
}

/// Two ends in the unit of the higher one; a single value where both read the same.
QString rangeText(double low, double high, const Unit& unit, int digits) {
    const QString a = numberText(low / unit.size, digits), b = numberText(high / unit.size, digits);
    const QString both = a == b ? b : QCoreApplication::translate("numbers", "%1 to %2").arg(a, b);
    return both + " " + unit.name;
}

} // namespace

QString wholeText(std::int64_t value) {
    return numberText(static_cast<double>(value), 0);
}

QString bytesText(double bytes) {
    const Unit unit = unitOf(bytes, byteUnits);
    return withUnit(bytes, unit, unit.size >= 1e9 ? 2 : 1);
}

QString countText(double count) {
    const Unit unit = unitOf(count, countUnits);
    return withUnit(count, unit, unit.size >= 1e9 ? 2 : 1);
}

QString durationText(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
    const auto number = [](std::int64_t n) { return QString::number(n); };
    if (whole < 60)
        return number(whole) + " s";
    if (whole < 3600)
        return number(whole / 60) + " min " + number(whole % 60) + " s";
    return number(whole / 3600) + " h " + number(whole % 3600 / 60) + " min";
}

QString durationRangeText(double low, double high) {
    const Unit unit = unitOf(high, timeUnits);
    return rangeText(low, high, unit, unit.size >= 3600 ? 1 : 0);
}

QString bytesRangeText(double low, double high) {
    return rangeText(low, high, unitOf(high, byteUnits), 1);
}

QString shortPath(const QString& path) {
    const QString home = QDir::homePath();
    return path == home || path.startsWith(home + "/") ? "~" + path.mid(home.size()) : path;
}

QString groupName(GroupKind kind) {
    const std::string_view name = group(kind).name;
    return QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size()));
}

QString errorText(const Error& error) {
    return QString::fromStdString(sentence(error));
}

} // namespace bwla::ui
