// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_export.h"

#include "ui/widgets/plot_canvas.h"
#include "ui/widgets/plot_table.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QImage>
#include <QPageSize>
#include <QPdfWriter>
#include <QRegularExpression>
#include <QSaveFile>
#include <QSvgGenerator>

namespace bwla::ui {
namespace {

constexpr QSize smallest(640, 400);
constexpr int pictureScale = 2;
constexpr int dotsAnInch = 96; // a logical pixel in a PDF
constexpr double pointsAnInch = 72.0;

QString say(const char* text) {
    return QCoreApplication::translate("PlotExport", text);
}

} // namespace

QString writePlot(const QString& file, const QString& title, const PlotTable& table,
                  PlotCanvas& canvas, const PlotLegend& legend, QSize size) {
    const QString ending = QFileInfo(file).suffix().toLower();
    QSaveFile out(file);
    const QString failure = say("%1 could not be written: %2. Choose another folder.").arg(file);
    if (!QStringList{"png", "pdf", "svg", "csv"}.contains(ending))
        return say("Choose a name that ends in .png, .pdf, .svg or .csv.");
    if (!out.open(QIODevice::WriteOnly))
        return failure.arg(out.errorString());
    size = size.expandedTo(smallest);
    if (ending == "png") {
        QImage image(size * pictureScale, QImage::Format_ARGB32_Premultiplied);
        canvas.paint(image, size, pictureScale, title, legend);
        image.save(&out, "PNG");
    } else if (ending == "pdf") {
        QPdfWriter pdf(&out);
        pdf.setTitle(title);
        pdf.setResolution(dotsAnInch);
        pdf.setPageSize(QPageSize(QSizeF(size) * pointsAnInch / dotsAnInch, QPageSize::Point));
        pdf.setPageMargins({});
        canvas.paint(pdf, size, 1.0, title, legend);
    } else if (ending == "svg") {
        QSvgGenerator svg;
        svg.setOutputDevice(&out);
        svg.setTitle(title);
        svg.setResolution(dotsAnInch);
        svg.setSize(size);
        svg.setViewBox(QRect({}, size));
        canvas.paint(svg, size, 1.0, title, legend);
    } else {
        out.write(table.csv(title).toUtf8());
    }
    return out.commit() ? QString() : failure.arg(out.errorString());
}

QString exportName(const QString& title) {
    static const QRegularExpression unusual("[^\\p{L}\\p{N}.]+");
    QString name = title;
    name.replace(unusual, "-");
    return name.isEmpty() ? say("plot") : name;
}

} // namespace bwla::ui
