// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/theme.h"

#include "ui/theme/icons.h"
#include "ui/theme/style_sheet.h"

#include <QApplication>
#include <QFontDatabase>
#include <QPalette>
#include <QStyleFactory>

#include <algorithm>
#include <utility>

/// Icons lie in a static library, whose resources the linker drops unless someone asks for them.
/// The macro must stand outside namespaces.
static void openResources() {
    Q_INIT_RESOURCE(resources);
}

namespace bwla::ui {
namespace {

QString firstInstalled(std::initializer_list<const char*> families, const QString& otherwise) {
    const QStringList installed = QFontDatabase::families();
    for (const char* family : families)
        if (installed.contains(QLatin1String(family)))
            return QLatin1String(family);
    return otherwise;
}

const QString& sansFamily() {
    static const QString family =
        firstInstalled({"Inter", "Inter Variable"},
                       QFontDatabase::systemFont(QFontDatabase::GeneralFont).family());
    return family;
}

const QString& fixedFamily() {
    static const QString family = firstInstalled(
        {"JetBrains Mono"}, QFontDatabase::systemFont(QFontDatabase::FixedFont).family());
    return family;
}

/// Read before the first palette of our own is set: what the desktop asks for.
bool systemIsDark() {
    static const bool dark = QApplication::palette().color(QPalette::Window).lightnessF() < 0.5F;
    return dark;
}

QPalette paletteOf(const Tokens& t) {
    QPalette p;
    p.setColor(QPalette::Window, t.bg);
    p.setColor(QPalette::WindowText, t.text1);
    p.setColor(QPalette::Base, t.inset);
    p.setColor(QPalette::AlternateBase, t.surface);
    p.setColor(QPalette::Text, t.text1);
    p.setColor(QPalette::Button, t.raised);
    p.setColor(QPalette::ButtonText, t.text1);
    p.setColor(QPalette::BrightText, t.bad.text);
    p.setColor(QPalette::ToolTipBase, t.raised);
    p.setColor(QPalette::ToolTipText, t.text1);
    p.setColor(QPalette::PlaceholderText, t.text3);
    p.setColor(QPalette::Link, t.accent);
    p.setColor(QPalette::LinkVisited, t.accent);
    p.setColor(QPalette::Highlight, t.sel);
    p.setColor(QPalette::HighlightedText, t.text1);
    p.setColor(QPalette::Light, t.raised);
    p.setColor(QPalette::Midlight, t.border);
    p.setColor(QPalette::Mid, t.border);
    p.setColor(QPalette::Dark, t.border);
    p.setColor(QPalette::Shadow, t.rail);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        p.setColor(QPalette::Disabled, role, t.text3);
    return p;
}

struct RoleMetrics {
    double scale;
    QFont::Weight weight;
};

RoleMetrics metrics(TextRole role) {
    switch (role) {
    case TextRole::pageTitle:
        return {1.5, QFont::DemiBold};
    case TextRole::bigNumber:
        return {1.8, QFont::DemiBold};
    case TextRole::name:
        return {1.1, QFont::DemiBold};
    case TextRole::cardTitle:
        return {1.0, QFont::DemiBold};
    case TextRole::body:
        return {1.0, QFont::Normal};
    case TextRole::caption:
    case TextRole::fixed:
        return {0.9, QFont::Normal};
    case TextRole::tick:
        break;
    }
    return {0.8, QFont::Normal};
}

} // namespace

Theme::Theme(QObject* parent) : QObject(parent) {
    openResources();
    (void)systemIsDark();
    QApplication::setStyle(QStyleFactory::create("Fusion"));
    apply();
}

void Theme::setMode(Mode mode) {
    if (std::exchange(mode_, mode) != mode)
        apply();
}

void Theme::setPointSize(int points) {
    const int wanted = std::clamp(points, 8, 18);
    if (std::exchange(pointSize_, wanted) != wanted)
        apply();
}

const Tokens& Theme::tokens() const {
    const bool dark = mode_ == Mode::dark || (mode_ == Mode::system && systemIsDark());
    return dark ? darkTokens() : lightTokens();
}

QFont Theme::font(TextRole role) const {
    const RoleMetrics m = metrics(role);
    QFont font(role == TextRole::fixed ? fixedFamily() : sansFamily());
    font.setPointSizeF(pointSize_ * m.scale);
    font.setWeight(m.weight);
    return font;
}

QIcon Theme::icon(const QString& name, QColor colour) const {
    return svgIcon(name, colour.isValid() ? colour : tokens().text2, tokens().text3);
}

void Theme::apply() {
    QApplication::setPalette(paletteOf(tokens()));
    QApplication::setFont(font(TextRole::body));
    qApp->setStyleSheet(styleSheet(*this)); // styles every widget anew: 0.5 ms each
    Q_EMIT changed();
}

} // namespace bwla::ui
