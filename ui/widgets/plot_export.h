// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSize>
#include <QString>

namespace bwla::ui {

class PlotCanvas;
class PlotLegend;
class PlotTable;

/// By the file's ending: .png at two dots a pixel, .pdf, .svg, .csv. Empty on success, else a
/// sentence.
[[nodiscard]] QString writePlot(const QString& file, const QString& title, const PlotTable& table,
                                PlotCanvas& canvas, const PlotLegend& legend, QSize size);

/// A title as a file name without ending: letters, digits, "." and "-".
[[nodiscard]] QString exportName(const QString& title);

} // namespace bwla::ui
