"""The relay server (중계 서버) of the hospital zone: reads the hospital system, issues, anchors, delivers."""
